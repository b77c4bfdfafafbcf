// Typed events, for one object.

export class Emitter<Events> {
  private listeners = new Map<keyof Events, Set<(value: any) => void>>();

  /** Answers the function that takes the listener off again. */
  on<K extends keyof Events>(name: K, fn: (value: Events[K]) => void): () => void {
    let set = this.listeners.get(name);
    if (!set) this.listeners.set(name, (set = new Set()));
    set.add(fn);
    return () => set.delete(fn);
  }

  /** A listener that throws does not keep others, or us, from working. */
  protected emit<K extends keyof Events>(name: K, value: Events[K]): void {
    for (const fn of [...(this.listeners.get(name) ?? [])]) {
      try {
        fn(value);
      } catch (error) {
        setTimeout(() => {
          throw error;
        });
      }
    }
  }
}
