class c extends Error {
  constructor(t, e = t, s, i) {
    super(e), this.code = t, this.retryAfterMs = s, this.field = i, this.name = "MoimError";
  }
  /** The same again may succeed: nothing was refused. */
  get passing() {
    return this.retryAfterMs !== void 0 || this.code === "offline" || this.code === "timeout";
  }
}
function y(o) {
  return new c(o.code ?? "internal", o.message, o.retry_after_ms, o.field);
}
function f(o, t) {
  return new Promise((e, s) => {
    const i = setTimeout(e, o);
    t?.addEventListener("abort", () => {
      clearTimeout(i), s(new c("aborted"));
    });
  });
}
const M = 20, b = 1e4;
class S {
  // those that wait to be sent
  constructor(t) {
    this.send = t, this.next = 1, this.waiting = /* @__PURE__ */ new Map(), this.turn = [];
  }
  /** Runs one command once. Rejects with a MoimError. */
  async call(t, e = {}, { signal: s } = {}) {
    if (s?.aborted) throw new c("aborted");
    return this.waiting.size >= M && await new Promise((i) => this.turn.push(i)), new Promise((i, n) => {
      const h = `c${this.next++}`, a = (l) => () => this.settle(h, (k) => k.reject(new c(l)));
      this.waiting.set(h, { resolve: i, reject: n, timer: setTimeout(a("timeout"), b) }), s?.addEventListener("abort", a("aborted")), this.send({ type: t, id: h, ...e }) || a("offline")();
    });
  }
  /** The same for what may be repeated: waits as the server asks, a few
   *  times. Never used for a command that does something new each time. */
  async patient(t, e = {}, s = {}) {
    for (let i = 1; ; i++)
      try {
        return await this.call(t, e, s);
      } catch (n) {
        const h = n.retryAfterMs;
        if (h === void 0 || i === 8) throw n;
        await f(h * (0.75 + Math.random() / 2), s.signal);
      }
  }
  /** True: the frame was the answer to a command. */
  answer(t) {
    return this.settle(t.id, (e) => {
      t.type === "error" ? e.reject(y(t)) : e.resolve(t);
    });
  }
  /** The connection has gone: nobody will answer these. */
  down() {
    for (const t of [...this.waiting.keys()]) this.settle(t, (e) => e.reject(new c("offline")));
  }
  settle(t, e) {
    const s = this.waiting.get(t);
    return s ? (this.waiting.delete(t), clearTimeout(s.timer), e(s), this.turn.shift()?.(), !0) : !1;
  }
}
class u {
  constructor() {
    this.events = [], this.low = 1, this.from = 0, this.anchored = !1, this.held = /* @__PURE__ */ new Map();
  }
  /** Last seq before the first hole. */
  get high() {
    return this.low + this.events.length - 1;
  }
  get hole() {
    return this.held.size > 0;
  }
  /** The first event that is held back; 0: none. */
  get firstHeld() {
    return this.hole ? Math.min(...this.held.keys()) : 0;
  }
  /** Nothing older is to be had. */
  get whole() {
    return this.anchored && this.low <= Math.max(1, this.from);
  }
  /** Everything after `seq` belongs to the run from here on. */
  anchor(t) {
    this.events = [], this.low = t + 1, this.anchored = !0;
    for (const e of this.held.keys()) e <= t && this.held.delete(e);
    return this.close();
  }
  /** Takes one event, in any order, any number of times. Answers those that
   *  now follow without a hole, in order. */
  add(t) {
    return this.anchored && t.seq <= this.high ? [] : (this.held.has(t.seq) || this.held.set(t.seq, t), this.anchored ? this.close() : []);
  }
  close() {
    const t = [];
    for (let e; e = this.held.get(this.high + 1); t.push(e))
      this.held.delete(e.seq), this.events.push(e);
    return t;
  }
  /** A page of history that ends right before the run. */
  prepend(t) {
    const e = t.filter((s) => s.seq < this.low);
    e.length === 0 || e[e.length - 1].seq !== this.low - 1 || (this.events = e.concat(this.events), this.low = e[0].seq);
  }
  /** The run, and after it what is held back: for the eye only. */
  shown() {
    return this.hole ? this.events.concat([...this.held.values()].sort((t, e) => t.seq - e.seq)) : this.events;
  }
}
const T = 50, p = 200, _ = 1e3, d = 300, E = 30, x = /^(group|member)\./, g = (o, t) => o.some((e) => e.conv === t && e.state === "unavailable");
class N {
  constructor(t) {
    this.o = t, this.list = /* @__PURE__ */ new Map(), this.logs = /* @__PURE__ */ new Map(), this.loading = /* @__PURE__ */ new Map(), this.filling = /* @__PURE__ */ new Set(), this.reads = /* @__PURE__ */ new Map(), this.begun = !1, this.round = 0;
  }
  log(t) {
    let e = this.logs.get(t);
    return e || this.logs.set(t, e = new u()), e;
  }
  // ---- what is pushed ----
  /** Takes an event from wherever it came, in any order. */
  take(t) {
    const e = this.log(t.conv), s = e.add(t);
    e.anchored || this.listSoon();
    for (const i of s) this.deliver(i);
    e.hole && e.anchored && this.fillSoon(t.conv), this.o.onChange(t.conv);
  }
  deliver(t) {
    const e = this.list.get(t.conv);
    e && (e.head = Math.max(e.head, t.seq), e.ts = Math.max(e.ts, t.ts ?? 0), t.seq > e.read && t.from !== this.o.me && t.kind === "message" && e.unread++), (!e || x.test(t.kind)) && this.listSoon(), this.o.onEvent(t);
  }
  fillSoon(t) {
    this.filling.has(t) || (this.filling.add(t), setTimeout(() => {
      this.fill(t).catch(() => {
      }).finally(() => this.filling.delete(t));
    }, d));
  }
  async fill(t) {
    const e = this.log(t);
    for (; e.hole && e.anchored && this.o.live(); ) {
      const s = e.high, i = await this.o.calls.patient("history", { conv: t, after: s, limit: 100 });
      for (const n of i.events) for (const h of e.add(n)) this.deliver(h);
      e.high === s && this.restart(t, e.firstHeld - 1), this.o.onChange(t);
    }
  }
  restart(t, e) {
    const s = this.log(t), i = s.high;
    s.anchored && e > i && this.o.onReset(t, i + 1, e);
    for (const n of s.anchor(e)) this.deliver(n);
    this.o.onChange(t);
  }
  // ---- the list ----
  listSoon() {
    clearTimeout(this.listing), this.listing = setTimeout(() => this.catchUp().catch(() => {
    }), d);
  }
  /** After every `ready`, and whenever the list may have changed: the list,
   *  then what is missing of each log. A newer call ends an older one. */
  async catchUp() {
    const t = ++this.round, e = await this.o.calls.patient("conversations");
    t === this.round && (this.takeList(e.conversations), await this.sync(t));
  }
  takeList(t) {
    const e = !this.begun;
    this.begun = !0;
    const s = this.list;
    this.list = new Map(t.map((i) => [i.conv, i]));
    for (const i of t) {
      const n = s.get(i.conv)?.read ?? 0, h = this.log(i.conv);
      if (i.peer && this.o.onName(i.peer, i.title), !h.anchored)
        for (const a of h.anchor(e ? i.head : Math.min(i.read, i.head))) this.deliver(a);
      i.head - h.high > _ && this.restart(i.conv, i.head), i.head = Math.max(i.head, h.high), this.count(i), this.read(i.conv, n);
    }
    this.o.onChange();
  }
  async sync(t) {
    let e = [...this.list.values()].filter((s) => this.log(s.conv).high < s.head).map((s) => s.conv);
    for (; e.length > 0 && t === this.round; ) {
      const i = e.slice(0, p).map((a) => ({ conv: a, seq: this.log(a).high })), n = await this.o.calls.patient("sync", { convs: i }), h = this.judge(n.convs).filter(
        // No step forward: a hole, which is filled elsewhere.
        (a) => this.log(a).high > (i.find((l) => l.conv === a)?.seq ?? 0) || g(n.convs, a)
      );
      e = e.slice(p).concat(h), h.some((a) => g(n.convs, a)) && await f(1e3);
    }
  }
  /** Which of them have to be asked again. */
  judge(t) {
    const e = [];
    for (const { conv: s, state: i, head: n } of t) {
      if (i === "more" || i === "unavailable") e.push(s);
      else if (i === "resync") {
        this.logs.set(s, new u()), this.o.onReset(s, 1, n);
        for (const h of this.log(s).anchor(n)) this.deliver(h);
      } else i === "not_found" && this.list.delete(s);
      this.o.onChange(s);
    }
    return e;
  }
  // ---- reading ----
  /** Older events of `conv`; answers whether there may be more. */
  older(t, e) {
    let s = this.loading.get(t);
    return s || (s = this.page(t, e).finally(() => this.loading.delete(t)), this.loading.set(t, s)), s;
  }
  async page(t, e) {
    const s = this.log(t), i = this.list.get(t);
    if (!s.anchored && !i) throw new c("offline");
    if (s.anchored || s.anchor(i.head), s.whole) return !1;
    const n = await this.o.calls.patient("history", { conv: t, before: s.low, limit: T }, { signal: e });
    s.from = Math.max(1, n.from), s.prepend(n.events), n.events.length === 0 && (s.from = s.low);
    const h = this.list.get(t);
    return h && this.count(h), this.o.onChange(t), !s.whole;
  }
  /** Counts the others' messages where we have them; else the server's word
   *  stands. */
  count(t) {
    const e = this.log(t.conv);
    t.read >= t.head ? t.unread = 0 : e.low <= t.read + 1 || e.whole ? t.unread = e.events.filter((s) => s.seq > t.read && s.from !== this.o.me && s.kind === "message").length : t.unread = Math.min(t.unread, t.head - t.read);
  }
  /** The user has seen everything up to `seq`; told to the server soon. */
  read(t, e) {
    const s = this.list.get(t);
    !s || e <= s.read || s.role === "none" || (s.read = Math.min(e, s.head), this.count(s), this.o.onChange(t), clearTimeout(this.reads.get(t)), this.reads.set(
      t,
      setTimeout(() => {
        const i = this.list.get(t)?.read ?? 0;
        this.o.calls.patient("read", { conv: t, seq: i }).catch(() => {
        });
      }, d)
    ));
  }
  // ---- across a reload ----
  snapshot() {
    const t = [...this.list.values()].sort((s, i) => i.ts - s.ts), e = t.slice(0, E).map(({ conv: s }) => {
      const i = this.log(s);
      return { conv: s, from: i.from, events: i.events.slice(-40) };
    });
    return { list: t, runs: e.filter((s) => s.events.length > 0) };
  }
  restore(t) {
    if (!this.begun) {
      this.list = new Map(t.list.map((e) => [e.conv, e]));
      for (const e of t.list) e.peer && this.o.onName(e.peer, e.title);
      for (const e of t.runs) {
        const s = this.log(e.conv);
        s.anchor(e.events[0].seq - 1), s.from = e.from, s.events = e.events;
      }
      this.o.onChange();
    }
  }
}
class C {
  constructor() {
    this.listeners = /* @__PURE__ */ new Map();
  }
  /** Answers the function that takes the listener off again. */
  on(t, e) {
    let s = this.listeners.get(t);
    return s || this.listeners.set(t, s = /* @__PURE__ */ new Set()), s.add(e), () => s.delete(e);
  }
  /** A listener that throws does not keep others, or us, from working. */
  emit(t, e) {
    for (const s of [...this.listeners.get(t) ?? []])
      try {
        s(e);
      } catch (i) {
        setTimeout(() => {
          throw i;
        });
      }
  }
}
const A = 1e4, P = 8e3, O = 1e4, D = [4002, 4501, 4503];
class q {
  // the last token
  constructor(t) {
    this.o = t, this.status = { state: "idle" }, this.clockOffset = 0, this.silenceMs = 25e3, this.heard = 0, this.asked = 0, this.attempts = 0, this.liveSince = 0, this.downSince = 0, this.refused = !1;
  }
  get live() {
    return this.status.state === "live";
  }
  start() {
    (this.status.state === "idle" || this.status.state === "ended") && (this.downSince = Date.now(), this.refused = !1, this.connect());
  }
  stop(t) {
    this.drop(), this.move({ state: t ? "ended" : "idle", code: t });
  }
  /** The user asks, or the network is back: not later but now. */
  retryNow() {
    this.status.state === "waiting" ? this.connect() : this.live && this.ask();
  }
  /** False: not live; nothing was sent. */
  send(t) {
    return !this.live || !this.socket ? !1 : (this.socket.send(JSON.stringify(t)), !0);
  }
  move(t) {
    t.state !== "live" && t.state !== "idle" && (t.downSince = this.downSince), this.status = t, this.o.onStatus(t);
  }
  async connect() {
    this.drop(), this.move({ state: "connecting" });
    const t = this.status;
    let e;
    try {
      e = typeof this.o.token == "string" ? this.o.token : await this.o.token(this.refused ? "again" : "first");
    } catch {
      this.status === t && this.wait();
      return;
    }
    if (this.status !== t) return;
    const s = new this.o.WebSocket(this.o.url.replace(/^http/, "ws") + "/v1/ws", ["moim.v1"]);
    this.socket = s, this.timer = setTimeout(() => this.down(0), A), s.onopen = () => s.send(JSON.stringify({ type: "auth", id: "auth", token: e })), s.onmessage = (i) => this.take(String(i.data)), s.onclose = (i) => this.down(i.code), s.onerror = () => {
    };
  }
  take(t) {
    this.heard = Date.now(), this.asked && (this.asked = 0, this.watch(this.silenceMs));
    const e = JSON.parse(t);
    e.type === "ready" ? (clearTimeout(this.timer), this.refused = !1, this.liveSince = this.heard, this.clockOffset = e.now - this.heard, this.silenceMs = this.o.silenceMs ?? e.ping_ms, this.watch(this.silenceMs), this.move({ state: "live", gateway: e.gateway }), this.o.onReady(e)) : e.type === "bye" ? this.told = e.retry_after_ms : this.o.onFrame(e);
  }
  /** Hidden tabs run timers late: so the clock decides, not the timer. */
  watch(t) {
    clearTimeout(this.watchdog), this.watchdog = setTimeout(() => {
      const e = Date.now() - this.heard;
      this.asked ? this.down(0) : e >= this.silenceMs ? this.ask() : this.watch(this.silenceMs - e);
    }, t);
  }
  ask() {
    this.asked || (this.asked = Date.now(), this.send({ type: "ping", id: "ping" }), this.watch(Math.min(P, this.silenceMs)));
  }
  /** The socket closed with `code`, or we gave it up (0). */
  down(t) {
    const e = this.live, s = Date.now();
    this.drop(), e && (this.downSince = s, s - this.liveSince > O && (this.attempts = 0)), D.includes(t) ? this.refused || typeof this.o.token == "string" ? this.move({ state: "ended", code: "unauthorized" }) : (this.refused = !0, this.connect()) : t >= 4500 ? this.move({ state: "ended", code: t === 4505 ? "too_many" : `close_${t}` }) : this.wait(), e && this.o.onDown();
  }
  /** Full jitter: a random moment below a limit that doubles. */
  wait() {
    const { firstMs: t, mostMs: e } = this.o.backoff, s = Math.min(e, t * 2 ** this.attempts++), i = this.told ?? Math.random() * s;
    this.told = void 0, this.timer = setTimeout(() => void this.connect(), i), this.move({ state: "waiting", retryAt: Date.now() + i });
  }
  drop() {
    clearTimeout(this.timer), clearTimeout(this.watchdog), this.asked = 0;
    const t = this.socket;
    this.socket = void 0, t && (t.onopen = t.onmessage = t.onclose = null, t.onerror = () => {
    }, t.close());
  }
}
const L = 23 * 36e5, j = ["idempotency_conflict", "expired"];
function w() {
  const o = crypto.getRandomValues(new Uint8Array(16));
  return btoa(String.fromCharCode(...o)).replace(/\+/g, "-").replace(/\//g, "_").slice(0, 22);
}
class R {
  constructor(t) {
    this.o = t, this.items = [], this.busy = /* @__PURE__ */ new Set(), this.count = 0;
  }
  async load() {
    const t = await this.o.store?.outbox(this.o.user).catch(() => []) ?? [];
    for (const e of t)
      e.state !== "failed" && e.tried && Date.now() - e.tried > L && (e.state = "failed", e.code = "expired");
    t.sort((e, s) => e.at - s.at || e.n - s.n), this.items = t.concat(this.items);
    for (const e of new Set(t.map((s) => s.conv))) this.o.onChange(e);
    this.flush();
  }
  of(t) {
    return this.items.filter((e) => e.conv === t);
  }
  /** How many wait for the network. */
  get waiting() {
    return this.items.filter((t) => t.state !== "failed").length;
  }
  add(t, e) {
    const s = {
      msg: w(),
      user: this.o.user,
      conv: t,
      text: e,
      at: Date.now(),
      n: this.count++,
      state: "pending",
      tried: 0
    };
    return this.items.push(s), this.keep(s), this.pump(t), s;
  }
  retry(t) {
    const e = this.items.find((n) => n.msg === t && n.state === "failed");
    if (!e) return;
    this.discard(t);
    const s = j.includes(e.code ?? ""), i = { ...e, state: "pending", code: void 0, at: Date.now(), n: this.count++ };
    s && Object.assign(i, { msg: w(), tried: 0 }), this.items.push(i), this.keep(i), this.pump(i.conv);
  }
  /** It is known to be in the log, or the user gives it up. */
  discard(t) {
    const e = this.items.findIndex((i) => i.msg === t);
    if (e < 0) return;
    const [s] = this.items.splice(e, 1);
    this.o.store?.remove(t).catch(() => {
    }), this.o.onChange(s.conv);
  }
  /** Live again: everything that waits goes out. */
  flush() {
    for (const t of new Set(this.items.map((e) => e.conv))) this.pump(t);
  }
  keep(t) {
    this.o.store?.put({ ...t }).catch(() => {
    }), this.o.onChange(t.conv);
  }
  /** One at a time in each conversation: that is what keeps them in order. */
  async pump(t) {
    if (!this.busy.has(t)) {
      this.busy.add(t);
      for (let e; this.o.live() && (e = this.items.find((s) => s.conv === t && s.state !== "failed")); )
        await this.attempt(e);
      this.busy.delete(t);
    }
  }
  async attempt(t) {
    t.tried || (t.tried = Date.now(), this.keep(t));
    try {
      const e = await this.o.send(t);
      this.o.onAck(t, e), this.discard(t.msg);
    } catch (e) {
      const s = e;
      if (!this.items.includes(t)) return;
      s.passing ? s.code !== "rate_limited" && s.code !== "busy" && (t.state = "unconfirmed") : (t.state = "failed", t.code = s.code), this.keep(t), s.retryAfterMs && await f(s.retryAfterMs * (0.75 + Math.random() / 2));
    }
  }
}
const H = 3e3, U = 6e3, m = 200;
class W {
  constructor(t) {
    this.o = t, this.names = /* @__PURE__ */ new Map(), this.friends = [], this.presences = /* @__PURE__ */ new Map(), this.wanted = /* @__PURE__ */ new Set(), this.typers = /* @__PURE__ */ new Map(), this.typingSent = /* @__PURE__ */ new Map();
  }
  learn(t, e) {
    this.names.get(t) !== e && (this.names.set(t, e), this.o.onPeople());
  }
  // ---- friends ----
  async loadFriends() {
    const t = await this.o.calls.patient("friends");
    this.friends = t.friends;
    for (const e of this.friends) this.names.set(e.user, e.name);
    this.o.onPeople();
  }
  async ask(t) {
    await this.o.calls.patient("friend.ask", { user: t }), await this.loadFriends();
  }
  async drop(t) {
    await this.o.calls.patient("friend.drop", { user: t }), await this.loadFriends();
  }
  async find(t) {
    const e = await this.o.calls.patient("user.find", { name: t });
    return this.learn(e.user, e.name), e;
  }
  // ---- presence ----
  presence(t) {
    return this.presences.get(t) ?? { user: t, state: "unknown" };
  }
  /** These and no others are watched, across reconnects. */
  watch(t) {
    const e = new Set(t), s = [...this.wanted].filter((n) => !e.has(n)), i = [...e].filter((n) => !this.wanted.has(n));
    this.wanted = e;
    for (const n of s) this.presences.delete(n);
    this.o.live() && (this.tell("presence.unwatch", s), this.tell("presence.watch", i));
  }
  async tell(t, e) {
    for (let s = 0; s < e.length; s += m)
      try {
        const i = await this.o.calls.patient(t, { users: e.slice(s, s + m) });
        i.users && this.heardPresence(i.users);
      } catch {
        return;
      }
  }
  heardPresence(t) {
    for (const e of t) this.wanted.has(e.user) && this.presences.set(e.user, e);
    this.o.onPresence(t.map((e) => e.user));
  }
  // ---- typing ----
  /** Say it at every key; it is sent now and then. */
  type(t) {
    const e = Date.now();
    !this.o.live() || e - (this.typingSent.get(t) ?? 0) < H || (this.typingSent.set(t, e), this.o.calls.call("typing", { conv: t }).catch(() => {
    }));
  }
  /** The message was sent: the next key is worth saying at once. */
  typed(t) {
    this.typingSent.delete(t);
  }
  typing(t) {
    return [...this.typers.get(t)?.keys() ?? []];
  }
  heardTyping(t, e) {
    let s = this.typers.get(t);
    s || this.typers.set(t, s = /* @__PURE__ */ new Map()), clearTimeout(s.get(e)), s.set(
      e,
      setTimeout(() => this.stopTyping(t, e), U)
    ), this.o.onTyping(t);
  }
  stopTyping(t, e) {
    const s = this.typers.get(t);
    s?.has(e) && (clearTimeout(s.get(e)), s.delete(e), this.o.onTyping(t));
  }
  // ---- the connection ----
  ready() {
    this.tell("presence.watch", [...this.wanted]), this.loadFriends().catch(() => {
    });
  }
  down() {
    const t = [...this.presences.keys()];
    this.presences.clear();
    for (const s of this.typers.values()) for (const i of s.values()) clearTimeout(i);
    const e = [...this.typers.keys()];
    this.typers.clear();
    for (const s of e) this.o.onTyping(s);
    this.o.onPresence(t);
  }
}
const F = 2e3;
class I extends C {
  constructor(t) {
    super(), this.o = t, this.undo = [], this.me = t.user;
    const e = () => this.link.live;
    this.link = new q({
      url: t.url.replace(/\/$/, ""),
      token: t.token,
      WebSocket: t.WebSocket ?? globalThis.WebSocket,
      backoff: t.backoff ?? { firstMs: 1e3, mostMs: 6e4 },
      silenceMs: t.silenceMs,
      onStatus: (s) => this.emit("status", s),
      onReady: () => this.ready(),
      onFrame: (s) => this.take(s),
      onDown: () => this.down()
    }), this.calls = new S((s) => this.link.send(s)), this.people = new W({
      calls: this.calls,
      live: e,
      onTyping: (s) => this.emit("typing", { conv: s }),
      onPresence: (s) => this.emit("presence", { users: s }),
      onPeople: () => this.emit("people", {})
    }), this.convs = new N({
      me: t.user,
      calls: this.calls,
      live: e,
      onEvent: (s) => this.heard(s),
      onReset: (s, i, n) => this.emit("reset", { conv: s, from: i, to: n }),
      onChange: (s) => this.changed(s),
      onName: (s, i) => this.people.learn(s, i)
    }), this.outbox = new R({
      user: t.user,
      store: t.store,
      live: e,
      send: ({ conv: s, msg: i, text: n }) => this.calls.call("send", { conv: s, msg: i, text: n }),
      onAck: ({ conv: s, msg: i, text: n }, { seq: h, ts: a }) => this.convs.take({ conv: s, seq: h, ts: a, from: this.me, kind: "message", msg: i, body: { text: n } }),
      onChange: (s) => this.changed(s)
    }), this.opened = this.restore();
  }
  // ---- life ----
  /** What was kept is shown first, then we connect. */
  async start() {
    await this.opened, this.follow("online", globalThis, () => this.link.retryNow()), this.follow("visibilitychange", globalThis.document, () => this.link.retryNow()), this.link.start();
  }
  stop() {
    for (const t of this.undo.splice(0)) t();
    clearTimeout(this.keeping), this.link.stop(), this.down();
  }
  retryNow() {
    this.status.state === "ended" ? this.link.start() : this.link.retryNow();
  }
  get status() {
    return this.link.status;
  }
  /** The server's time, for "3 minutes ago". */
  now() {
    return Date.now() + this.link.clockOffset;
  }
  follow(t, e, s) {
    e?.addEventListener && (e.addEventListener(t, s), this.undo.push(() => e.removeEventListener(t, s)));
  }
  // ---- conversations ----
  /** The latest first. */
  conversations() {
    return [...this.convs.list.values()].sort((t, e) => e.ts - t.ts || (t.conv < e.conv ? 1 : -1));
  }
  conversation(t) {
    return this.convs.list.get(t);
  }
  /** What is loaded of the log, in order. */
  events(t) {
    return this.convs.log(t).shown();
  }
  /** Nothing older is to be had. */
  whole(t) {
    return this.convs.log(t).whole;
  }
  loadOlder(t, e) {
    return this.convs.older(t, e);
  }
  send(t, e) {
    return this.people.typed(t), this.outbox.add(t, e);
  }
  read(t, e) {
    this.convs.read(t, e);
  }
  /** Any command, once. For those that the SDK has no better word for. */
  call(t, e, s) {
    return this.calls.call(t, e, s);
  }
  async openDirect(t) {
    return this.changes(await this.calls.patient("direct.open", { user: t }));
  }
  async createGroup(t, e) {
    return this.changes(await this.calls.call("group.create", { title: t, members: e }));
  }
  async addMember(t, e) {
    await this.changes(await this.calls.patient("group.add", { conv: t, user: e }));
  }
  async removeMember(t, e) {
    await this.changes(await this.calls.patient("group.remove", { conv: t, user: e }));
  }
  async leave(t) {
    await this.changes(await this.calls.patient("group.leave", { conv: t }));
  }
  async changes(t) {
    return await this.convs.catchUp().catch(() => {
    }), t.conv;
  }
  // ---- what the link says ----
  ready() {
    this.convs.catchUp().catch(() => {
    }), this.people.ready(), this.outbox.flush();
  }
  take(t) {
    this.calls.answer(t) || (t.type === "event" ? this.convs.take(t) : t.type === "typing" ? this.people.heardTyping(t.conv, t.user) : t.type === "presence" ? this.people.heardPresence(t.users) : t.type === "resync" && this.convs.catchUp().catch(() => {
    }));
  }
  heard(t) {
    t.kind === "message" && this.people.stopTyping(t.conv, t.from), t.from === this.me && t.msg && this.outbox.discard(t.msg), this.emit("event", t);
  }
  down() {
    this.calls.down(), this.people.down();
  }
  changed(t) {
    this.emit("changed", { conv: t }), !(!this.o.store || this.keeping) && (this.keeping = setTimeout(() => {
      this.keeping = void 0;
      const e = { ...this.convs.snapshot(), names: [...this.people.names] };
      this.o.store?.keep(this.me, e).catch(() => {
      });
    }, F));
  }
  async restore() {
    const t = await this.o.store?.snapshot(this.me).catch(() => {
    });
    if (t) {
      for (const [e, s] of t.names) this.people.names.set(e, s);
      this.convs.restore(t);
    }
    await this.outbox.load();
  }
}
async function v(o, t, e, s) {
  let i;
  try {
    i = await fetch(`${o}/v1/${t}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(e),
      signal: s
    });
  } catch {
    throw new c(s?.aborted ? "aborted" : "offline");
  }
  const n = await i.json().catch(() => ({ code: "unavailable" }));
  if (i.ok) return n;
  const h = Number(i.headers.get("Retry-After"));
  throw h > 0 && n.retry_after_ms === void 0 && (n.retry_after_ms = h * 1e3), y(n);
}
const $ = (o, t, e, s, i) => v(o, "signup", { name: t, password: e, device: s }, i), G = (o, t, e, s, i) => v(o, "login", { name: t, password: e, device: s }, i);
function r(o) {
  return new Promise((t, e) => {
    o.onsuccess = () => t(o.result), o.onerror = () => e(o.error);
  });
}
class Y {
  constructor(t = "moim") {
    const e = indexedDB.open(t, 1);
    e.onupgradeneeded = () => {
      e.result.createObjectStore("outbox", { keyPath: "msg" }).createIndex("user", "user"), e.result.createObjectStore("snapshot");
    }, this.db = r(e), this.db.catch(() => {
    });
  }
  async in(t, e = "readwrite") {
    return (await this.db).transaction(t, e).objectStore(t);
  }
  async outbox(t) {
    return r((await this.in("outbox", "readonly")).index("user").getAll(t));
  }
  async put(t) {
    await r((await this.in("outbox")).put(t));
  }
  async remove(t) {
    await r((await this.in("outbox")).delete(t));
  }
  async snapshot(t) {
    return r((await this.in("snapshot", "readonly")).get(t));
  }
  async keep(t, e) {
    await r((await this.in("snapshot")).put(e, t));
  }
  async clear(t) {
    for (const e of await this.outbox(t)) await this.remove(e.msg);
    await r((await this.in("snapshot")).delete(t));
  }
}
export {
  Y as BrowserStore,
  I as Client,
  c as MoimError,
  G as login,
  $ as signup
};
