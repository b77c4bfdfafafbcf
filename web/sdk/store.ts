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

  private async in(name: 'outbox' | 'snapshot', mode: IDBTransactionMode = 'readwrite') {
    return (await this.db).transaction(name, mode).objectStore(name);
  }

  async outbox(user: string): Promise<Outgoing[]> {
    return asked((await this.in('outbox', 'readonly')).index('user').getAll(user));
  }

  async put(item: Outgoing): Promise<void> {
    await asked((await this.in('outbox')).put(item));
  }

  async remove(msg: string): Promise<void> {
    await asked((await this.in('outbox')).delete(msg));
  }

  async snapshot(user: string): Promise<unknown> {
    return asked((await this.in('snapshot', 'readonly')).get(user));
  }

  async keep(user: string, snapshot: unknown): Promise<void> {
    await asked((await this.in('snapshot')).put(snapshot, user));
  }

  async clear(user: string): Promise<void> {
    for (const item of await this.outbox(user)) await this.remove(item.msg);
    await asked((await this.in('snapshot')).delete(user));
  }
}
