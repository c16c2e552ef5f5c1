// Passkeys. The server gives a challenge, the browser a key, and what the key says goes back as an ordinary form: so what
// follows, refusals included, is the same page that a form without script would bring.
//
// A form with `data-passkey` ("get" or "create") holds a field `credential`, a button `data-passkey-ask`, a line
// `data-passkey-says`, and names in `data-challenge` where challenges come from and in `data-origin` where keys work.
// With `data-autofill` the browser offers keys in the name field as well.

const AGAIN_MS = 4 * 60 * 1000; // A challenge is good for five minutes.
const SLOW_MS = 15 * 1000;
const WORDS = {
  NotAllowedError: "No passkey was used: the browser’s question was closed, or nobody answered it. Try again, or choose another way.",
  InvalidStateError: "This device or password manager holds a passkey for this account already.",
  NotSupportedError: "This device cannot make the kind of passkey that is needed here.",
  ConstraintError: "This device has no screen lock or PIN to protect a passkey. Set one up, then try again.",
};
let waiting = null; // What the browser is being asked: one question at a time.
let renewal = 0; // The timer that offers keys anew; it must not interrupt a question that was asked by hand.

for (const form of document.querySelectorAll("form[data-passkey]")) {
  for (const part of [form, ...form.querySelectorAll("[data-passkey-part]")]) part.removeAttribute("data-comes");
  const reason = whyNot(form);
  if (reason) {
    say(form, reason);
    form.querySelector("[data-passkey-ask]").disabled = true;
    continue;
  }
  form.querySelector("[data-passkey-ask]").addEventListener("click", () => ask(form));
  if ("autofill" in form.dataset) offer(form);
}

function whyNot(form) {
  const { origin } = form.dataset;
  if (!origin) return "Passkeys need https and a name for the site; its address has neither.";
  if (location.origin !== origin) return `Passkeys work at ${origin} alone: open this page there.`;
  if (!window.PublicKeyCredential) return "This browser knows no passkeys.";
  return "";
}

async function ask(form) {
  const fields = form.querySelectorAll("[data-passkey-needs]");
  if (![...fields].every((field) => field.reportValidity())) return;
  const button = form.querySelector("[data-passkey-ask]");
  button.disabled = true;
  clearTimeout(renewal);
  say(form, "Follow your browser’s question.");
  try {
    await answer(form, {});
  } catch (error) {
    say(form, inWords(error, form));
    button.disabled = false;
    button.focus();
    if ("autofill" in form.dataset) offer(form);
  }
}

// Keys in the list of the name field. It waits as long as the page is open, with a fresh challenge every few minutes.
async function offer(form) {
  if (!(await PublicKeyCredential.isConditionalMediationAvailable?.())) return;
  clearTimeout(renewal);
  renewal = setTimeout(() => offer(form), AGAIN_MS);
  try {
    await answer(form, { mediation: "conditional" });
  } catch (error) {
    if (error.name !== "AbortError") clearTimeout(renewal); // Refused or offline: the button is still there.
  }
}

async function answer(form, more) {
  waiting?.abort();
  const asked = (waiting = new AbortController());
  const publicKey = await challenge(form, asked.signal);
  const { signal } = asked;
  const credential =
    form.dataset.passkey === "create"
      ? await navigator.credentials.create({ publicKey, signal })
      : await navigator.credentials.get({ publicKey, signal, ...more });
  form.elements.credential.value = JSON.stringify(written(credential));
  form.submit();
}

async function challenge(form, signal) {
  const sent = new URLSearchParams([...new FormData(form)].filter(([, value]) => typeof value === "string"));
  const answered = await fetch(form.dataset.challenge, {
    method: "POST",
    body: sent,
    headers: { Accept: "application/json" },
    signal: AbortSignal.any ? AbortSignal.any([signal, AbortSignal.timeout(SLOW_MS)]) : signal,
  });
  if (answered.redirected) {
    location.assign(answered.url); // Signed out meanwhile, or a proof is due first.
    return new Promise(() => {});
  }
  const told = await answered.json();
  if (!answered.ok) throw new Refused(told.detail);
  return readable(told);
}

class Refused extends Error {}

function inWords(error, form) {
  if (error instanceof Refused) return error.message.replace(/^./, (letter) => letter.toUpperCase()).replace(/[^.]$/, "$&.");
  if (error.name === "SecurityError") return `Passkeys work at ${form.dataset.origin} alone: open this page there.`;
  return WORDS[error.name] ?? "The server does not answer. Try again in a moment, or choose another way.";
}

function say(form, words) {
  form.querySelector("[data-passkey-says]").textContent = words;
}

// Options as JSON, and the bytes in them that browsers want as such.
function readable(options) {
  const described = (list = []) => list.map((each) => ({ ...each, id: bytes(each.id) }));
  const found = { ...options, challenge: bytes(options.challenge) };
  if (options.user) found.user = { ...options.user, id: bytes(options.user.id) };
  if (options.excludeCredentials) found.excludeCredentials = described(options.excludeCredentials);
  if (options.allowCredentials) found.allowCredentials = described(options.allowCredentials);
  return found;
}

function written({ id, type, response }) {
  const said = { clientDataJSON: text(response.clientDataJSON) };
  if (response.attestationObject) {
    said.attestationObject = text(response.attestationObject);
    said.transports = response.getTransports?.() ?? [];
  } else {
    said.authenticatorData = text(response.authenticatorData);
    said.signature = text(response.signature);
    said.userHandle = response.userHandle ? text(response.userHandle) : null;
  }
  return { id, type, response: said };
}

function bytes(base64url) {
  return Uint8Array.from(atob(base64url.replace(/-/g, "+").replace(/_/g, "/")), (letter) => letter.charCodeAt(0));
}

function text(buffer) {
  const letters = Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join("");
  return btoa(letters).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}
