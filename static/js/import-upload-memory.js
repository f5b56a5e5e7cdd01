// Handles of dropped files and folders, kept in IndexedDB so that one press finds them again after a reload.
// Only some browsers lend handles, and only on https or this machine; without them people choose again.

const NAME = "labeler-imports";
const STORE = "handles";

function done(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

async function store(mode) {
  const request = indexedDB.open(NAME, 1);
  request.onupgradeneeded = () => request.result.createObjectStore(STORE);
  const database = await done(request);
  return database.transaction(STORE, mode).objectStore(STORE);
}

// Forgetting is no harm: whatever the browser refuses to keep is not kept.
async function quietly(work) {
  try {
    return await work();
  } catch {
    return undefined;
  }
}

// place: an address that only this import has.
export function keepHandles(place, items) {
  return quietly(async () => {
    const handles = [...new Set(await Promise.all(items.map(({ handle }) => handle)))].filter(Boolean);
    if (handles.length) await done((await store("readwrite")).put(handles, place));
  });
}

export async function keptHandles(place) {
  return (await quietly(async () => done((await store("readonly")).get(place)))) ?? [];
}

export function forgetHandles(place) {
  return quietly(async () => done((await store("readwrite")).delete(place)));
}

// Asks the person where the browser wants that; needs the press of a button.
export async function mayRead(handles) {
  for (const handle of handles) {
    if ((await handle.requestPermission?.({ mode: "read" })) === "denied") return false;
  }
  return true;
}
