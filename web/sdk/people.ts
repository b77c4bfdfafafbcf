// Names, friends, presence and who is typing: all that is about people and
// may be out of date for a moment.
import type { Calls } from './calls';
import type { Friend, Presence, Settings } from './types';

const TYPING_EVERY_MS = 3_000;
const TYPING_SHOWN_MS = 6_000;
const WATCH_BATCH = 200;
const NAMES_MS = 50; // strangers' names are asked for together

export interface PeopleOptions {
  calls: Calls;
  live: () => boolean;
  onTyping: (conv: string) => void;
  onPresence: (users: string[]) => void;
  onPeople: () => void;
}

export class People {
  names = new Map<string, string>();
  friends: Friend[] = [];
  /** Undefined until they are known. */
  settings?: Settings;
  private away = false;
  private version = 0; // of the friends that we were told of
  private presences = new Map<string, Presence>();
  private wanted = new Set<string>();
  private typers = new Map<string, Map<string, ReturnType<typeof setTimeout>>>();
  private asked = new Set<string>(); // names that were asked for …
  private strangers: string[] = []; // … or will be in a moment
  private typingSent = new Map<string, number>();

  constructor(private o: PeopleOptions) {}

  learn(user: string, name: string): void {
    if (this.names.get(user) === name) return;
    this.names.set(user, name);
    this.o.onPeople();
  }

  /** The name, when it is known; else it is asked for, and `people` tells. */
  name(user: string): string | undefined {
    const name = this.names.get(user);
    if (name === undefined && !this.asked.has(user)) {
      this.asked.add(user);
      if (this.strangers.push(user) === 1) setTimeout(() => void this.meet(), NAMES_MS);
    }
    return name;
  }

  private async meet(): Promise<void> {
    while (this.strangers.length > 0) {
      const users = this.strangers.splice(0, WATCH_BATCH);
      try {
        const answer = await this.o.calls.patient('user.names', { users });
        for (const u of answer.users) this.names.set(u.user, u.name);
      } catch {
        for (const user of users) this.asked.delete(user); // the next look asks again
      }
    }
    this.o.onPeople();
  }

  // ---- friends ----

  /** Once more when we were told something meanwhile: it may be older. */
  async loadFriends(): Promise<void> {
    for (let version; version !== this.version; ) {
      version = this.version;
      this.friends = (await this.o.calls.patient('friends')).friends;
    }
    for (const f of this.friends) this.names.set(f.user, f.name);
    this.o.onPeople();
  }

  async ask(user: string): Promise<void> {
    await this.o.calls.patient('friend.ask', { user });
    await this.loadFriends();
  }

  async drop(user: string): Promise<void> {
    await this.o.calls.patient('friend.drop', { user });
    await this.loadFriends();
  }

  /** An entry of one of the user's lists has changed. */
  heardList(entry: { list: string; version: number } & Friend & Settings): void {
    if (entry.list === 'settings') this.settings = entry;
    if (entry.list === 'friends' && entry.version > this.version) {
      this.version = entry.version;
      const { user, name } = entry;
      this.names.set(user, name);
      this.friends = this.friends.filter((f) => f.user !== user);
      if ((entry.state as string) !== 'none') this.friends.push(entry);
    }
    this.o.onPeople();
  }

  /** Shown at once; as it was when it is refused. */
  async set(change: Partial<Settings>): Promise<void> {
    const before = this.settings;
    this.settings = { ...before!, ...change };
    this.o.onPeople();
    try {
      await this.o.calls.patient('settings.set', change);
    } catch (error) {
      this.settings = before;
      this.o.onPeople();
      throw error;
    }
  }

  async find(name: string): Promise<{ user: string; name: string }> {
    const answer = await this.o.calls.patient('user.find', { name });
    this.learn(answer.user, answer.name);
    return answer;
  }

  async search(prefix: string, signal?: AbortSignal): Promise<{ user: string; name: string }[]> {
    const answer = await this.o.calls.patient('user.search', { prefix }, { signal });
    for (const u of answer.users) this.names.set(u.user, u.name);
    return answer.users;
  }

  // ---- presence ----

  presence(user: string): Presence {
    return this.presences.get(user) ?? { user, state: 'unknown' };
  }

  /** These and no others are watched, across reconnects. */
  watch(users: Iterable<string>): void {
    const next = new Set(users);
    const gone = [...this.wanted].filter((u) => !next.has(u));
    const fresh = [...next].filter((u) => !this.wanted.has(u));
    this.wanted = next;
    for (const user of gone) this.presences.delete(user);
    if (this.o.live()) {
      void this.tell('presence.unwatch', gone);
      void this.tell('presence.watch', fresh);
    }
  }

  private async tell(type: string, users: string[]): Promise<void> {
    for (let i = 0; i < users.length; i += WATCH_BATCH) {
      try {
        const answer = await this.o.calls.patient(type, { users: users.slice(i, i + WATCH_BATCH) });
        if (answer.users) this.heardPresence(answer.users);
      } catch {
        return; // a hint only; the next connection asks again
      }
    }
  }

  heardPresence(users: Presence[]): void {
    for (const p of users) if (this.wanted.has(p.user)) this.presences.set(p.user, p);
    this.o.onPresence(users.map((p) => p.user));
  }

  /** Whether somebody is at this device; the server is told when it changes. */
  here(here: boolean): void {
    if (this.away === here) {
      this.away = !here;
      this.tellAway();
    }
  }

  private tellAway(): void {
    if (this.o.live()) this.o.calls.call('presence.set', { state: this.away ? 'away' : 'active' }).catch(() => {});
  }

  // ---- typing ----

  /** Say it at every key; it is sent now and then. */
  type(conv: string): void {
    const now = Date.now();
    if (!this.o.live() || now - (this.typingSent.get(conv) ?? 0) < TYPING_EVERY_MS) return;
    this.typingSent.set(conv, now);
    this.o.calls.call('typing', { conv }).catch(() => {});
  }

  typing(conv: string): string[] {
    return [...(this.typers.get(conv)?.keys() ?? [])];
  }

  heardTyping(conv: string, user: string): void {
    let typers = this.typers.get(conv);
    if (!typers) this.typers.set(conv, (typers = new Map()));
    clearTimeout(typers.get(user));
    typers.set(
      user,
      setTimeout(() => this.stopTyping(conv, user), TYPING_SHOWN_MS),
    );
    this.o.onTyping(conv);
  }

  stopTyping(conv: string, user: string): void {
    const typers = this.typers.get(conv);
    if (!typers?.has(user)) return;
    clearTimeout(typers.get(user));
    typers.delete(user);
    this.o.onTyping(conv);
  }

  // ---- the connection ----

  ready(): void {
    void this.tell('presence.watch', [...this.wanted]);
    this.loadFriends().catch(() => {});
    if (this.away) this.tellAway();
    this.o.calls.patient('settings').then(
      (settings) => {
        this.settings = settings;
        this.o.onPeople();
      },
      () => {},
    );
  }

  down(): void {
    const known = [...this.presences.keys()];
    this.presences.clear();
    for (const typers of this.typers.values()) for (const timer of typers.values()) clearTimeout(timer);
    const convs = [...this.typers.keys()];
    this.typers.clear();
    for (const conv of convs) this.o.onTyping(conv);
    this.o.onPresence(known);
  }
}
