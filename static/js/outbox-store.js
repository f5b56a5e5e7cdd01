// The outbox's drawer in IndexedDB. It belongs to one person and one project: somebody else who
// signs in here never sends these answers. It holds answers only, no pictures and no tokens.

const NAME = "labeler";
const STORE = "outbox";

function done(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

function finished(transaction) {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error);
    transaction.onerror = () => reject(transaction.error);
  });
}

function opened(factory) {
  const request = factory.open(NAME, 1);
  request.onupgradeneeded = () => {
    const store = request.result.createObjectStore(STORE, { keyPath: "uuid" });
    store.createIndex("owner", ["user", "project"]);
  };
  return done(request);
}

export async function openStore({ user, project }, factory = indexedDB) {
  const database = await opened(factory);
  const write = async (work) => {
    const transaction = database.transaction(STORE, "readwrite");
    work(transaction.objectStore(STORE));
    await finished(transaction);
  };
  return {
    add: (entry) => write((store) => store.put({ ...entry, user, project })),
    remove: (uuid) => write((store) => store.delete(uuid)),
    async all() {
      const index = database.transaction(STORE).objectStore(STORE).index("owner");
      const entries = await done(index.getAll([user, project]));
      return entries.sort((a, b) => a.created - b.created);
    },
  };
}

// Where the browser keeps nothing (a private window may refuse): answers live as long as the page.
export function memoryStore() {
  const kept = new Map();
  return {
    forgetful: true,
    add: async (entry) => void kept.set(entry.uuid, entry),
    remove: async (uuid) => void kept.delete(uuid),
    all: async () => [...kept.values()],
  };
}
