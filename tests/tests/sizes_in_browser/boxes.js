// What is wrong with where things lie on Skirmish's page, and the page's states, for the test of sizes.
//
// `sizes.names(part, touch)` lists the states of a kind of page; `sizes.look(part, name, touch)` brings the
// page into one of them, by what its world says of the round and of the own ship among others, and looks at
// what it shows, in a room also under each notice. It is evaluated in the page.

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
    // What is announced goes by itself.
    ["#network-offer", "#large"],
    ["#banner", "#large"],
    ["#banner", "#feed"],
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
    const feed = byId("feed");
    while (feed.children.length < 6) {
      const line = document.createElement("li");
      line.textContent = `${LONG} -> ${LONG}`;
      feed.append(line);
    }
    const who = byId("death-who");
    if (!who.textContent) who.textContent = `Destroyed by ${LONG}`;
  }

  /** For how long a state is waited for, at most. */
  const UNTIL_MS = 5000;
  /** Waits until it is so. @param {string} what is waited for @param {() => boolean} is */
  const until = async (what, is) => {
    const started = performance.now();
    while (!is()) {
      if (performance.now() - started > UNTIL_MS) {
        throw new Error(`at ${innerWidth}x${innerHeight} not within ${UNTIL_MS} ms: ${what}`);
      }
      await nextFrame();
    }
  };
  const nextFrame = () => new Promise((done) => requestAnimationFrame(() => done()));
  const byId = (id) => document.getElementById(id);
  const key = (code) => dispatchEvent(new KeyboardEvent("keydown", { code, bubbles: true }));
  const isDead = () => byId("hud").classList.contains("dead");
  /** Lists are filled anew a few times a second. */
  const settle = () => new Promise((done) => setTimeout(done, 300));
  const died = () => until("the card of a dead player", isDead);
  async function fly() {
    stage = "flying";
    const isFlying = () => !isDead() && byId("result").hidden && !byId("own-state").hidden;
    await until("the bars of a flying ship, without result", isFlying);
  }

  /** Stores settings as another tab does, which the page follows at once. */
  function store(values) {
    const name = "tickwire.settings";
    localStorage.setItem(name, JSON.stringify({ ...JSON.parse(localStorage.getItem(name)), ...values }));
    dispatchEvent(new StorageEvent("storage", { key: name }));
  }

  /** Simulates what has the longest texts. */
  function simulate() {
    const slide = (name, value) => {
      byId(name).value = value;
      byId(name).dispatchEvent(new Event("input"));
    };
    slide("network-latency", 500);
    slide("network-jitter", 200);
    slide("network-stall", 10);
    byId("network-prediction").click();
    byId("network-interpolation").click();
  }

  /** Opens the network panel while everything is simulated. */
  async function openNetwork() {
    await fly();
    key("KeyN");
    simulate();
    await until("the network panel", () => shown(byId("network")));
    return () => {
      byId("network-reset").click();
      key("KeyN");
    };
  }

  /** What is wrong with the state that is looked at, besides where all lies. @type {string[]} */
  let noted = [];
  /** How the page comes into each state of a kind of page; gives what undoes it, if that is not what the next
   *  one does anyway. @type {Record<string, Record<string, () => Promise<(() => void) | void>>>} */
  const STATES = {
    starting: {
      start: nextFrame,
      settings: async () => {
        document.querySelector("#start .settings-open").click();
        await until("the settings", () => byId("settings").open);
        return () => byId("settings-close").click();
      },
    },
    playing: {
      fight: async () => {
        await fly();
        await settle();
      },
      network: openNetwork,
      "network, figures unfolded": async () => {
        const close = await openNetwork();
        const place = () => text(byId("network").getBoundingClientRect());
        const folded = place();
        store({ unfolded: true });
        if (shown(byId("net-details"))) {
          await settle();
        } else if (place() !== folded) {
          // The setting stays where the figures are not shown, and must not move the panel there.
          noted.push(`#network (${place()}) is not where it is beside folded figures (${folded})`);
        }
        return () => {
          close();
          store({ unfolded: false });
        };
      },
      "server's view": async () => {
        await fly();
        simulate();
        byId("network-server-view").click();
        await until("the legend of the server's view", () => !byId("server-view-legend").hidden);
        await settle();
        return () => byId("network-reset").click();
      },
      // The page has made it when the panel was first opened, and leaves it alone from then on.
      "network offer": async () => {
        await fly();
        byId("network-offer").hidden = false;
        await until("the offer of the network panel", () => shown(byId("network-offer")));
        return () => (byId("network-offer").hidden = true);
      },
      death: async () => {
        stage = "dead";
        await died();
      },
      result: async () => {
        stage = "result";
        const isThere = () => !byId("result").hidden && byId("hud").classList.contains("resulting");
        await until("the result", isThere);
      },
      "death at the end": async () => {
        stage = "late";
        await died();
      },
      settings: async () => {
        stage = "flying";
        document.querySelector("#hud .settings-open").click();
        return () => byId("settings-close").click();
      },
    },
    spectating: {
      whole: settle,
      follow: async () => {
        key("KeyE");
        const follows = () => tickwire.state().camera.mode === "follow" && !byId("minimap").hidden;
        await until("the camera on a ship, and the map", follows);
        return () => byId("watch-whole").click();
      },
    },
  };
  /** The same by the other thumb. */
  const byLeftHand = (enter) => async () => {
    store({ leftHanded: true });
    const undo = await enter();
    return () => {
      undo?.();
      store({ leftHanded: false });
    };
  };
  const LEFT_HANDED = {
    "left-handed fight": byLeftHand(fly),
    "left-handed network": byLeftHand(openNetwork),
  };

  /** What the banner says in a room, and its button beside that: the usual, the shortest and the longest. */
  const NOTICES = [
    ["Nothing heard from the server for a moment."],
    ["Server closes in 59 s."],
    ["Back in your ship."],
    ["You were idle. The room is full. Trying again…", "Watch meanwhile"],
    ["Updated to the new version. Your place was not kept: you start anew."],
  ];
  /** What is wrong only while a notice is shown. @param {string[]} before what is wrong without it */
  function underNotice([text, label], touch, before) {
    const [banner, what, act] = ["banner", "banner-text", "banner-act"].map(byId);
    const kept = [banner.hidden, what.textContent, act.hidden, act.textContent];
    [banner.hidden, what.textContent, act.hidden, act.textContent] = [false, text, !label, label ?? ""];
    const found = findings(touch).filter((finding) => !before.includes(finding));
    [banner.hidden, what.textContent, act.hidden, act.textContent] = kept;
    return found.map((finding) => `"${text}": ${finding}`);
  }

  const statesOf = (part, touch) => ({ ...STATES[part], ...(touch && part === "playing" ? LEFT_HANDED : {}) });

  /** The names of the states of a kind of page, in the order in which they are quick to go through. */
  const names = (part, touch) => Object.keys(statesOf(part, touch));

  /** What is wrong in one state of a page of this kind. */
  async function look(part, name, touch) {
    noted = [];
    const undo = await statesOf(part, touch)[name]();
    if (part !== "starting") fill();
    const found = [...noted, ...findings(touch)];
    if (part !== "starting") found.push(...NOTICES.flatMap((notice) => underNotice(notice, touch, found)));
    undo?.();
    return found;
  }

  window.sizes = { names, look };
})()
