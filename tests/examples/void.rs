//! How much of a player's screen lies outside the arena: a scripted player fights seven bots for a
//! minute at 1920x1080 in a headless Chromium, and each frame drawn counts while its ship lives.
//!
//! ```text
//! cargo build --release && cargo run --release -p tests --example void
//! cargo run --release -p tests --example void -- http://127.0.0.1:8080
//! ```
//!
//! The second measures a server that runs already, to compare two of them; its rooms are filled with
//! eight ships (`--fill 8`).

#![expect(clippy::print_stdout, reason = "figures are all that it gives")]

use std::thread::sleep;
use std::time::Duration;

use tests::real::{Browser, GIVE_UP, Server};

const ROUNDS: u32 = 3;
const LASTS: Duration = Duration::from_secs(60);

/// Plays, and notes of each frame what part of the screen is outside. It keeps about its distance to
/// the nearest ship, strafes to either side for half a second at a time, aims at it and fires; with
/// none in sight it flies to the middle. Nothing that it does heeds the border.
const PLAY: &str = "import(
    // A page that is embedded has its modules in a folder named by their content.
    document.querySelector('link[href$=\"/draw/renderer.js\"]')?.href ?? '/draw/renderer.js'
).then(({ Renderer }) => {
    const draw = Renderer.prototype.draw;
    const keys = { up: 'KeyW', left: 'KeyA', down: 'KeyS', right: 'KeyD' };
    const held = new Set();
    const hold = (name, down) => {
        if (held.has(name) === down) return;
        if (down) held.add(name); else held.delete(name);
        const event = { code: keys[name], key: keys[name].at(-1).toLowerCase(), bubbles: true };
        document.body.dispatchEvent(new KeyboardEvent(down ? 'keydown' : 'keyup', event));
    };
    let fires = false;
    const fire = (surface, down) => {
        if (fires === down) return;
        fires = down;
        surface.dispatchEvent(new MouseEvent(down ? 'mousedown' : 'mouseup', { button: 0, bubbles: true }));
    };
    let bits = 1;
    const dice = () => (bits = (Math.imul(bits, 1103515245) + 12345) >>> 0) / 2 ** 32;
    let side = 1;
    let turnsAt = 0;
    const outside = ({ x, y, scale, width, height }, radius) => {
        const columns = 128;
        let inside = 0;
        for (let nth = 0; nth < columns; nth++) {
            const at = x + ((nth + 0.5) / columns - 0.5) * width / scale;
            const half = Math.sqrt(Math.max(0, radius * radius - at * at));
            const top = Math.max(y - height / 2 / scale, -half);
            const bottom = Math.min(y + height / 2 / scale, half);
            inside += Math.max(0, bottom - top);
        }
        return 1 - inside / (columns * height / scale);
    };
    window.outside = [];
    Renderer.prototype.draw = function (world, own, now, seconds) {
        draw.call(this, world, own, now, seconds);
        const { camera, element } = this.canvas;
        const me = tickwire.state().me;
        if (!me || !me.alive) return;
        window.outside.push(outside(camera, world.borderRadius));
        const others = world.ships.filter((ship) => ship.player !== world.self);
        const far = (ship) => Math.hypot(ship.x - me.x, ship.y - me.y);
        const target = others.sort((a, b) => far(a) - far(b))[0];
        const goal = target ?? { x: 0, y: 0 };
        if (now >= turnsAt) {
            side = dice() < 0.5 ? 1 : -1;
            turnsAt = now + 500;
        }
        const distance = far(goal) || 1;
        const towards = { x: (goal.x - me.x) / distance, y: (goal.y - me.y) / distance };
        const near = target ? Math.max(-1, Math.min(1, (distance - 13) / 4)) : 1;
        const strafe = target ? side : 0;
        const wish = { x: towards.x * near - towards.y * strafe, y: towards.y * near + towards.x * strafe };
        hold('right', wish.x > 0.4);
        hold('left', wish.x < -0.4);
        hold('down', wish.y > 0.4);
        hold('up', wish.y < -0.4);
        const at = { clientX: camera.screenX(goal.x), clientY: camera.screenY(goal.y), bubbles: true };
        element.dispatchEvent(new PointerEvent('pointermove', { ...at, pointerType: 'mouse' }));
        fire(element, target !== undefined && distance < 26);
    };
    return true;
})";

const FIGURES: &str = "(() => {
    const shares = window.outside.splice(0).sort((a, b) => a - b);
    const part = (of) => 100 * shares[Math.floor((shares.length - 1) * of)];
    return [shares.length, part(0.1), part(0.5), part(0.9)];
})()";

fn main() {
    let Some(browser) = Browser::start() else { return };
    let running = std::env::args().nth(1);
    let server = running.is_none().then(|| Server::start(&["--fill", "8", "--seed", "1"]));
    println!("| round | frames | p10 % | p50 % | p90 % | score |");
    println!("|--:|--:|--:|--:|--:|--:|");
    for round in 1..=ROUNDS {
        let page = browser.page();
        page.become_screen(1920, 1080);
        let path = format!("/?play&name=Ann&room=void{round}&quality=low");
        let url = running.as_ref().map(|origin| format!("{origin}{path}"));
        page.open(&url.unwrap_or_else(|| server.as_ref().expect("one of them").url(&path)));
        page.wait_until("tickwire.state().me?.alive", GIVE_UP);
        let _ = page.eval(PLAY);
        sleep(LASTS);
        let figures = page.eval(FIGURES);
        let figure = |at: usize| figures[at].as_f64().expect("the page gives numbers");
        let score = page.eval("tickwire.state().me.score");
        println!(
            "| {round} | {} | {:.1} | {:.1} | {:.1} | {score} |",
            figure(0),
            figure(1),
            figure(2),
            figure(3)
        );
    }
}
