// What is wrong with where things lie on Skirmish's page, and the page's states, for the test of sizes.
//
// `sizes.findings()` looks at what the page shows now; `sizes.stage(name)` brings the page into a
// state by what its world says of the round and of the own ship. It is evaluated in the page.

(async () => {
  const CONTROLS = "button, input, select, textarea, a[href], [role=button]";
  /** What is of use while it can be seen, besides controls. */
  const PANELS =
    "#place, #network-offer, #round, #board, #feed, #net, #bars, #own-state, #overcharge, #next-ship, #watch, #watch-vitals, " +
    ".stick, #rail, #minimap, #hint, #large, #gains, #death, #result, #banner, #simulated, #network";
  /** The first may lie over the second: it is open only as long as the player wants it. */
  const OVER = [
    ["#network", "#result"],
    ["#network", "#large"],
    ["#network", "#feed"],
    // For two seconds, at the end of a round.
    ["#large", "#feed"],
  ];
  /** The smallest target for a finger, and the smallest text, in CSS pixels. */
  const TARGET_PX = 40;
  const TEXT_PX = 11;
  /** Borders that touch, and fractions of a pixel. */
  const TOLERANCE_PX = 1;

  const shown = (node) => {
    const { width, height } = node.getBoundingClientRect();
    return node.checkVisibility({ visibilityProperty: true }) && width > 1 && height > 1;
  };
  const nameOf = (node) => {
    if (node.id) return `#${node.id}`;
    const own = `${node.localName}${node.className && !(node instanceof SVGElement) ? `.${node.className}` : ""}`;
    const parent = node.parentElement?.closest("[id]");
    const text = node.textContent.trim().slice(0, 24);
    return `${parent ? `#${parent.id} ` : ""}${own}${text ? ` "${text}"` : ""}`;
  };
  const meet = (a, b) => ({
    left: Math.max(a.left, b.left),
    top: Math.max(a.top, b.top),
    right: Math.min(a.right, b.right),
    bottom: Math.min(a.bottom, b.bottom),
  });
  const isBox = ({ left, top, right, bottom }) => right - left > TOLERANCE_PX && bottom - top > TOLERANCE_PX;
  const scrolls = (node) => /auto|scroll|hidden/.test(getComputedStyle(node).overflowY);
  const scrollers = (node) => {
    const found = [];
    for (let at = node.parentElement; at && at !== document.body; at = at.parentElement) {
      if (scrolls(at)) found.push(at);
    }
    return found;
  };
  /** The part of it that is in sight. */
  const seen = (node) => {
    const within = scrollers(node).map((scroller) => scroller.getBoundingClientRect());
    return within.reduce(meet, meet(node.getBoundingClientRect(), windowBox()));
  };
  const windowBox = () => ({ left: 0, top: 0, right: innerWidth, bottom: innerHeight });
  const text = ({ left, top, right, bottom }) => [left, top, right, bottom].map(Math.round).join(" ");
  /** What a finger has to meet. */
  const targetOf = (control) =>
    (/checkbox|radio/.test(control.type) && control.closest("label")) || control;

  /** All that is wrong, one line each. `touch` is whether fingers press. */
  function findings(touch) {
    // Where they come to rest, not on the way there.
    for (const animation of document.getAnimations()) {
      if (animation.effect.getComputedTiming().endTime !== Infinity) animation.finish();
    }
    const root = document.querySelector("dialog[open]") ?? document.body;
    const select = (of) => [...root.querySelectorAll(of)].filter(shown);
    const controls = [...new Set(select(CONTROLS).map(targetOf))];
    const panels = select(PANELS);
    return [
      ...overlaps([...new Set([...panels, ...controls])]),
      ...panels.flatMap(outside),
      ...controls.flatMap((control) => reachable(control, touch)),
      ...smallTexts(root),
    ];
  }

  function overlaps(nodes) {
    const found = [];
    const boxes = nodes.map((node) => ({ node, box: seen(node) })).filter(({ box }) => isBox(box));
    boxes.forEach((one, nth) => {
      for (const other of boxes.slice(nth + 1)) {
        if (one.node.contains(other.node) || other.node.contains(one.node)) continue;
        if (!isBox(meet(one.box, other.box)) || mayLie(one.node, other.node)) continue;
        found.push(`${nameOf(one.node)} (${text(one.box)}) overlaps ${nameOf(other.node)} (${text(other.box)})`);
      }
    });
    return found;
  }

  const mayLie = (one, other) =>
    OVER.some(([over, under]) =>
      [[one, other], [other, one]].some(([upper, lower]) => upper.closest(over) && lower.closest(under)),
    );

  function outside(node) {
    const box = node.getBoundingClientRect();
    const all = windowBox();
    const isIn =
      box.left >= all.left - TOLERANCE_PX &&
      box.top >= all.top - TOLERANCE_PX &&
      box.right <= all.right + TOLERANCE_PX &&
      box.bottom <= all.bottom + TOLERANCE_PX;
    return isIn ? [] : [`${nameOf(node)} (${text(box)}) is partly outside the window`];
  }

  /** Scrolls to it, and tries whether it can be pressed. */
  function reachable(target, touch) {
    const found = [];
    const kept = scrollers(target).map((scroller) => [scroller, scroller.scrollTop]);
    for (const [scroller] of kept) {
      const [box, frame] = [target.getBoundingClientRect(), scroller.getBoundingClientRect()];
      if (box.bottom > frame.bottom) scroller.scrollTop += box.bottom - frame.bottom + 2;
      if (box.top < frame.top) scroller.scrollTop -= frame.top - box.top + 2;
    }
    const box = target.getBoundingClientRect();
    const part = seen(target);
    const isCut = ["left", "top", "right", "bottom"].some((side) => Math.abs(box[side] - part[side]) > TOLERANCE_PX);
    if (isCut) {
      found.push(`${nameOf(target)} (${text(box)}) is partly outside of ${text(part)}`);
    } else {
      const hit = document.elementFromPoint((box.left + box.right) / 2, (box.top + box.bottom) / 2);
      if (!hit || !target.contains(hit)) {
        found.push(`${nameOf(target)} (${text(box)}) lies under ${hit ? nameOf(hit) : "nothing that can be hit"}`);
      }
    }
    if (touch && Math.min(box.width, box.height) < TARGET_PX - 0.5) {
      found.push(`${nameOf(target)} is a target of ${box.width.toFixed(0)}x${box.height.toFixed(0)}`);
    }
    for (const [scroller, top] of kept) scroller.scrollTop = top;
    return found;
  }

  function smallTexts(root) {
    const found = new Set();
    const texts = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
      const parent = texts.currentNode.parentElement;
      if (!texts.currentNode.data.trim() || !shown(parent) || parent.closest("option, .heard")) continue;
      const size = parseFloat(getComputedStyle(parent).fontSize);
      if (size < TEXT_PX - 0.01) found.add(`${nameOf(parent)} has text of ${size.toFixed(1)} px`);
    }
    return [...found];
  }

  /** The page's own module, whose address has a hash of its contents when it comes from the program.
   *  @param {string} name */
  function loaded(name) {
    const urls = performance.getEntriesByType("resource").map((entry) => entry.name);
    return import(urls.find((url) => new URL(url).pathname.match(`/${name}(\\W[^/]*)?\\.js$`)));
  }

  /** What the page's world says of the round and the own ship. */
  let stage = "";
  const dies = () => stage === "dead" || stage === "late";
  const isOver = () => stage === "result" || stage === "late";
  const { World } = await loaded("world");
  const { Tickwire } = await loaded("game");
  const own = Object.getOwnPropertyDescriptor(Tickwire.prototype, "own");
  Object.defineProperty(Tickwire.prototype, "own", {
    ...own,
    get() {
      const state = own.get.call(this);
      if (!state || !stage) return state;
      const flying = { respawn_ticks: dies() ? 45 : null, overcharge_s: 5, protected: true };
      return { ...state, ...flying, truce: isOver() };
    },
  });
  const { refill } = World.prototype;
  World.prototype.refill = function (...given) {
    const any = refill.apply(this, given);
    if (any && this.round && stage) this.round = { ...this.round, phase: isOver() ? 1 : 0 };
    if (any && isOver()) {
      this.results = [...this.players.keys()].map((player, nth) => ({
        place: nth + 1, player, score: 120 - nth, kills: 40, deaths: 12, assists: 11, streak: 10,
      }));
    }
    return any;
  };

  const LONG = "Commander Longname 9";
  /** Fills what comes and goes with as much as it ever has. */
  function fill() {
    const feed = document.getElementById("feed");
    while (feed.children.length < 6) {
      const line = document.createElement("li");
      line.textContent = `${LONG} -> ${LONG}`;
      feed.append(line);
    }
    const who = document.getElementById("death-who");
    if (!who.textContent) who.textContent = `Destroyed by ${LONG}`;
  }

  const until = async (is) => {
    for (let frames = 0; frames < 600 && !is(); frames++) await new Promise(requestAnimationFrame);
    if (!is()) throw new Error(`the page does not come into its state: ${is}`);
  };
  const byId = (id) => document.getElementById(id);
  const key = (code) => dispatchEvent(new KeyboardEvent("keydown", { code, bubbles: true }));
  const isDead = () => byId("hud").classList.contains("dead");
  /** Lists are filled anew a few times a second. */
  const settle = () => new Promise((done) => setTimeout(done, 300));

  /** By name, what is wrong in each state of a player's page. */
  async function playing(touch) {
    const found = {};
    const note = (name) => {
      fill();
      found[name] = findings(touch);
    };
    stage = "flying";
    await until(() => !isDead() && byId("result").hidden && !byId("own-state").hidden);
    await settle();
    note("fight");
    key("KeyN");
    const slide = (name, value) => {
      byId(name).value = value;
      byId(name).dispatchEvent(new Event("input"));
    };
    slide("network-latency", 500);
    slide("network-jitter", 200);
    slide("network-stall", 10);
    byId("network-prediction").click();
    byId("network-interpolation").click();
    note("network");
    const place = () => text(byId("network").getBoundingClientRect());
    const folded = place();
    byId("net-details").open = true;
    await settle();
    note("network, figures unfolded");
    // The setting stays where the figures are not shown, and must not move the panel there.
    if (!shown(byId("net-details")) && place() !== folded) {
      found["network, figures unfolded"].push(`#network (${place()}) is not where it is beside folded figures (${folded})`);
    }
    byId("net-details").open = false;
    byId("network-server-view").click();
    key("KeyN");
    await until(() => !byId("server-view-legend").hidden);
    await settle();
    note("server's view");
    byId("network-server-view").click();
    byId("network-reset").click();
    stage = "dead";
    await until(isDead);
    note("death");
    stage = "result";
    await until(() => !byId("result").hidden && byId("hud").classList.contains("resulting"));
    note("result");
    stage = "late";
    await until(isDead);
    note("death at the end");
    stage = "flying";
    document.querySelector("#hud .settings-open").click();
    note("settings");
    byId("settings-close").click();
    return found;
  }

  async function spectating(touch) {
    await settle();
    fill();
    const whole = findings(touch);
    key("KeyE");
    await until(() => tickwire.state().camera.mode === "follow" && !byId("minimap").hidden);
    fill();
    const follow = findings(touch);
    byId("watch-whole").click();
    return { whole, follow };
  }

  async function starting(touch) {
    await new Promise(requestAnimationFrame);
    const start = findings(touch);
    // The panel is loaded behind the start page.
    await until(() => byId("set-keys").children.length > 0);
    document.querySelector("#start .settings-open").click();
    await until(() => byId("settings").open);
    const settings = findings(touch);
    byId("settings-close").click();
    return { start, settings };
  }

  window.sizes = { findings, starting, playing, spectating };
})()
