// Texts that this browser keeps until the server has them, by name: {at, writer, base, texts}.
// They stand in IndexedDB, which writes them to the disk at once: of localStorage a browser that is killed loses the last
// five seconds. That one is for the moment in which a page goes away, when nothing can be waited for.

const STORE = "texts";

const opened = new Promise((resolve) => {
  try {
    const asked = indexedDB.open("sdc", 1);
    asked.onupgradeneeded = () => asked.result.createObjectStore(STORE);
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => resolve(null);
  } catch { resolve(null); } // refused, as in some private windows
});

// Runs one request on the store; undefined when there is none, or no room. Requests take effect in the order of these calls.
async function ask(mode, request) {
  const database = await opened;
  if (!database) return undefined;
  return new Promise((resolve) => {
    try {
      const transaction = database.transaction(STORE, mode, { durability: "strict" });
      const asked = request(transaction.objectStore(STORE));
      transaction.oncomplete = () => resolve(asked.result);
      transaction.onabort = () => resolve(undefined);
    } catch { resolve(undefined); }
  });
}

function keepAtOnce(name, kept) {
  try { localStorage.setItem(name, JSON.stringify(kept)); } catch { /* full or refused: the server's autosave is left */ }
}

export async function keep(name, kept) {
  if (!(await opened)) keepAtOnce(name, kept);
  await ask("readwrite", (store) => store.put(kept, name));
}

// For a page that goes away: there is no later.
export function keepLast(name, kept) {
  keepAtOnce(name, kept);
  keep(name, kept);
}

export async function forget(name) {
  try { localStorage.removeItem(name); } catch { /* as above */ }
  await ask("readwrite", (store) => store.delete(name));
}

// The newest text whose name begins so, with its name, or null; what somebody else has written here is theirs.
export async function newest(prefix, writer) {
  const found = [];
  try {
    for (const name of Object.keys(localStorage)) if (name.startsWith(prefix)) found.push({ name, ...JSON.parse(localStorage.getItem(name)) });
  } catch { /* as above */ }
  const range = IDBKeyRange.bound(prefix, `${prefix}\uffff`);
  const names = ask("readonly", (store) => store.getAllKeys(range));
  const texts = ask("readonly", (store) => store.getAll(range));
  const kept = (await texts) ?? [];
  for (const [number, name] of ((await names) ?? []).entries()) found.push({ name, ...kept[number] });
  return found.filter((each) => (each.writer ?? writer) === writer).sort((a, b) => b.at - a.at)[0] ?? null;
}
