// The browser's IndexedDB as the place where an outbox survives a reload.
import type { Outgoing, Store } from './types';

function asked<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

export class BrowserStore implements Store {
  private db: Promise<IDBDatabase>;

  constructor(name = 'moim') {
    const open = indexedDB.open(name, 1);
    open.onupgradeneeded = () => {
      open.result.createObjectStore('outbox', { keyPath: 'msg' }).createIndex('user', 'user');
      open.result.createObjectStore('snapshot');
    };
    this.db = asked(open);
    this.db.catch(() => {}); // private windows may have none: then memory only
  }

  private async in(name: 'outbox' | 'snapshot', mode: IDBTransactionMode = 'readonly') {
    return (await this.db).transaction(name, mode).objectStore(name);
  }

  /** Committed at once: the page may be gone in a moment, and what waits for
   *  its own success then is lost. */
  private async write(name: 'outbox' | 'snapshot', what: (store: IDBObjectStore) => IDBRequest): Promise<void> {
    const store = await this.in(name, 'readwrite');
    const done = asked(what(store));
    store.transaction.commit();
    await done;
  }

  async outbox(user: string): Promise<Outgoing[]> {
    return asked((await this.in('outbox')).index('user').getAll(user));
  }

  async put(item: Outgoing): Promise<void> {
    await this.write('outbox', (store) => store.put(item));
  }

  async remove(msg: string): Promise<void> {
    await this.write('outbox', (store) => store.delete(msg));
  }

  async snapshot(user: string): Promise<unknown> {
    return asked((await this.in('snapshot')).get(user));
  }

  async keep(user: string, snapshot: unknown): Promise<void> {
    await this.write('snapshot', (store) => store.put(snapshot, user));
  }

  async clear(user: string): Promise<void> {
    for (const item of await this.outbox(user)) await this.remove(item.msg);
    await this.write('snapshot', (store) => store.delete(user));
  }
}
