//! Makes the pictures by which Skirmish is shown outside of its page: the card that previews of its links show,
//! from a fight of 64 ships, and the icons in the sizes that browsers and systems ask for, from `icon.svg`.
//!
//! ```text
//! cargo run -p tests --example link-preview
//! ```
//!
//! It writes `card.jpg`, `favicon.ico`, `icon-192.png`, `icon-512.png`, `icon-maskable.png` and
//! `apple-touch-icon.png` into `games/skirmish/page/public`. The icons are the same each time; the card is
//! another moment of another fight, so look at it before it is committed.

#![expect(clippy::print_stdout, reason = "it says what it has written")]

use std::fs;
use std::path::Path;

use tests::real::{Browser, GIVE_UP, Page, Server};

const SHIPS: &str = "64";

/// Previews show this size at most, and cut off what has other proportions.
const CARD: (u32, u32) = (1_200, 630);

/// Has the camera look at the place where most happens, and stops the page at a moment that is about as
/// full as the fullest of the first ten seconds, or a little less so the longer none comes; `isStopped` says
/// so.
const LOOK: &str = "Promise.all([import('/camera.js'), import('/world.js')]).then(([camera, world]) => {
    const UNIT_PX = 22;
    // What is to be seen is above the words.
    const UP = 4;
    const [halfX, halfY] = [innerWidth / 2 / UNIT_PX - 2, innerHeight / 2 / UNIT_PX - 1.5];
    const until = performance.now() + 10_000;
    let [best, top] = [{ x: 0, y: 0, score: 0 }, 0];
    const { refill } = world.World.prototype;
    world.World.prototype.refill = function (...given) {
        const any = refill.apply(this, given);
        const rows = [...this.ships.map((ship) => [ship, 2]), ...this.bolts.map((bolt) => [bolt, 3])];
        best = { x: 0, y: 0, score: 0 };
        for (const { x, y } of this.ships) {
            let score = 0;
            for (const [row, weight] of rows) {
                const [dx, dy] = [row.x - x, row.y - y - UP / 2];
                if (Math.abs(dx) < halfX && Math.abs(dy) < halfY - UP) score += weight;
            }
            if (score > best.score) best = { x, y, score };
        }
        return any;
    };
    camera.Camera.prototype.fit = function () {
        this.place(best.x, best.y + UP, UNIT_PX);
        if (performance.now() < until) top = Math.max(top, best.score);
        else if (best.score >= top * (1 - (performance.now() - until) / 60_000)) stop();
    };
    // Names are for players: in a preview they would be specks.
    CanvasRenderingContext2D.prototype.fillText = () => {};
    const stop = () => {
        window.requestAnimationFrame = () => 0;
        window.isStopped = true;
    };
})";

/// Leaves only the fight of the page, and lays the name over it.
const NAME: &str = r##"{
    for (const child of [...document.body.children]) if (child.id !== "game") child.remove();
    const style = `
        #game { filter: brightness(1.4) saturate(1.15); }
        #name-of { position: fixed; inset: 0; padding: 0 64px 46px; display: flex; flex-direction: column;
            justify-content: end; color: #eef4ff; font-family: inherit;
            background: linear-gradient(transparent 42%, #03050ad9 72%, #03050af7); }
        #name-of b { font-size: 118px; line-height: 1.05; font-weight: 300; letter-spacing: 0.13em;
            text-transform: uppercase; -webkit-text-stroke: 2px; }
        #name-of b i { font-style: normal; color: #5cd6ff; }
        #name-of svg { width: 640px; height: 43px; margin: 2px 0 10px; fill: none; stroke: #3f6fd0;
            stroke-width: 1.6; stroke-linejoin: round; }
        #name-of .self { stroke: #ffb454; stroke-width: 2.2; }
        #name-of p { font-size: 37px; line-height: 1.3; color: #d7e3f7; }`;
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(style);
    document.adoptedStyleSheets.push(sheet);
    document.body.insertAdjacentHTML("beforeend", `<div id="name-of">
        <b>Tick<i>wire</i></b>
        <svg viewBox="0 0 360 24"><path d="M0 12H86l6-9 12 18 6-9h26M224 12h26l6-9 12 18 6-9h86" />
            <path class="self" d="M168 5l24 7-24 7 7-7z" /></svg>
        <p>Up to 64 ships in one arena. Open the link and fight.</p></div>`);
}"##;

/// Draws a picture of some CSS pixels' width, and returns it as PNG in base64.
const RASTER: &str = "async (svg, size) => {
    const picture = new Image(size, size);
    picture.src = 'data:image/svg+xml,' + encodeURIComponent(svg);
    await picture.decode();
    const canvas = Object.assign(document.createElement('canvas'), { width: size, height: size });
    canvas.getContext('2d').drawImage(picture, 0, 0, size, size);
    return canvas.toDataURL('image/png').split(',')[1];
}";

fn main() {
    let Some(browser) = Browser::start() else { return };
    let public = Path::new(env!("CARGO_MANIFEST_DIR")).join("../games/skirmish/page/public");
    let public = public.canonicalize().expect("the repository has a page");
    make_icons(&browser.page(), &public);
    make_card(&browser.page(), &public);
}

/// Makes the card that previews of links show.
fn make_card(page: &Page<'_>, public: &Path) {
    let folder = public.display().to_string();
    let server = Server::start(&["--fill", SHIPS, "--spectator-delay", "0", "--web-dir", &folder]);
    let (width, height) = CARD;
    page.become_screen(width, height);
    page.open(&server.url("/?spectate&room=crowd&quality=high"));
    page.wait_until("tickwire.state().entities > 60", GIVE_UP);
    let _ = page.eval(LOOK);
    page.wait_until("window.isStopped", 4 * GIVE_UP);
    let _ = page.eval(NAME);
    let card = public.join("card.jpg");
    page.screenshot(&card);
    said(&card);
}

/// Makes the icons of all sizes.
fn make_icons(page: &Page<'_>, public: &Path) {
    let icon = fs::read_to_string(public.join("icon.svg")).expect("the page has an icon");
    // Systems cut such icons to a shape of theirs: the ground goes to the edge.
    let square = icon.replace(" rx=\"7\"", "");
    assert_ne!(square, icon, "the ground of icon.svg has round corners");
    // What is certain to be left of a maskable one is a circle of four fifths of its width.
    let maskable = square.replace("viewBox=\"0 0 32 32\"", "viewBox=\"-4 -4 40 40\"");
    let maskable = maskable.replace(
        "<rect width=\"32\" height=\"32\"",
        "<rect x=\"-4\" y=\"-4\" width=\"40\" height=\"40\"",
    );
    let png = |svg: &str, size: u32| {
        let svg = serde_json::to_string(svg).expect("a text is JSON");
        let png = page.eval(&format!("({RASTER})({svg}, {size})"));
        let png = png.as_str().expect("it is base64");
        data_encoding::BASE64.decode(png.as_bytes()).expect("it is base64")
    };
    for (name, bytes) in [
        ("favicon.ico", ico(&png(&icon, 32), 32)),
        ("icon-192.png", png(&icon, 192)),
        ("icon-512.png", png(&icon, 512)),
        ("icon-maskable.png", png(&maskable, 512)),
        ("apple-touch-icon.png", png(&square, 180)),
    ] {
        let path = public.join(name);
        fs::write(&path, bytes).expect("it can be written");
        said(&path);
    }
}

/// One picture as an icon file: a header, an entry of a directory, and the PNG.
fn ico(png: &[u8], size: u8) -> Vec<u8> {
    const HEAD_BYTES: u32 = 22;
    let mut ico = vec![0, 0, 1, 0, 1, 0];
    ico.extend([size, size, 0, 0, 1, 0, 32, 0]);
    ico.extend((png.len() as u32).to_le_bytes());
    ico.extend(HEAD_BYTES.to_le_bytes());
    ico.extend(png);
    ico
}

fn said(path: &Path) {
    let bytes = fs::metadata(path).expect("it was written").len();
    println!("{}: {bytes} bytes", path.display());
}
