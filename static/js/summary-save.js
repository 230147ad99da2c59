/* A summary form saves itself, section by section: half a second after the last change and on leaving a field. Every save names the
   version it started from. What the server has not confirmed is kept in this browser (summary-store.js) and sent again until it is.
   The line at the top never says "saved" of anything that is not.

   Other scripts: "flush" on document saves at once (detail.done becomes a promise of true or false); a "change" event on a section
   saves that section; "signed-in" (sign-in.js) sends what waited for a session. */

const form = document.querySelector("[data-summary]");
const WAIT = 500;
const LONGEST_PAUSE = 30_000;
const states = new Map();
const channel = form && "BroadcastChannel" in window ? new BroadcastChannel(`summary/${form.dataset.user}/${form.dataset.assignment}`) : null;

const ask = (name, detail) => {
  document.dispatchEvent(new CustomEvent(name, { detail }));
  return detail;
};

/* problem: "", "away" (no connection, server down), "signed-out", "stranger", "refused", "frozen", "collided" */
/* confirmed: the fields as the server has them; sending: as they are on their way. */
const fresh = (section) => ({ section, confirmed: JSON.stringify(pairsOf(section)), sending: null, key: section.dataset.section, isDirty: false, sent: null, timer: 0, flight: null, failures: 0, problem: "", keptEdit: null, isKept: true });

const versionField = (state) => state.section.querySelector(`[name="${CSS.escape(state.key)}-version"]`);
const isField = (field) => field.name && !["version", "kept", "seen"].some((name) => field.name === `${field.closest("[data-section]")?.dataset.section}-${name}`);

const pairsOf = (section) =>
  [...section.querySelectorAll("input[name], textarea[name]")]
    .filter((field) => isField(field) && !(["checkbox", "radio"].includes(field.type) && !field.checked))
    .map((field) => [field.name, field.value]);

function bodyOf(state, pairs, more = {}, version = versionField(state).value) {
  const body = new URLSearchParams(pairs);
  body.append("assignment", form.dataset.assignment);
  body.append(`${state.key}-version`, version);
  if (state.keptEdit) body.append("kept_edit", state.keptEdit);
  for (const [name, value] of Object.entries(more)) body.append(name, value);
  return body.toString();
}

const token = () => document.cookie.split("; ").find((pair) => pair.startsWith("csrftoken="))?.slice(10) ?? form.elements.csrfmiddlewaretoken.value;

function post(state, body, { isLast = false } = {}) {
  const headers = { Accept: "application/json", "Content-Type": "application/x-www-form-urlencoded", "X-CSRFToken": token() };
  // A page that closes may still send what is short enough.
  const keepalive = isLast && body.length < 60_000;
  return fetch(`${form.dataset.sectionsUrl}${state.key}/`, { method: "POST", body, headers, keepalive, redirect: "manual" });
}

const WAITS_FOR_SOMEBODY = ["signed-out", "stranger", "refused", "frozen"];
const goesOut = (state) => state.problem === "" || state.problem === "collided";

/* ---- The line that says how it stands ---- */

const labels = (are) => [...states.values()].filter(are).map((state) => state.section.dataset.label).join(", ");
const isRefused = (state) => state.problem === "refused";
// Until one of the texts is chosen, also after a reload.
const isColliding = (state) => state.problem === "collided" || Boolean(state.section.querySelector("[data-kept] .side"));
const savedBefore = document.querySelector("[data-saved] time")?.dateTime;
let savedAt = savedBefore ? new Date(savedBefore) : null;
let isTakingOver = false;

function standing() {
  const all = [...states.values()];
  const has = (problem) => all.some((state) => state.problem === problem);
  const kept = all.every((state) => state.isKept) ? "kept in this browser" : "not even kept in this browser: do not close the page";
  if (has("stranger")) return [`not saved: whoever is signed in now has no such paper to code (this page is ${form.dataset.person}’s); ${kept}`, true];
  if (has("signed-out")) return [`not saved: sign in again; ${kept}`, true];
  if (has("frozen")) return [`not saved: this summary was submitted elsewhere; reload to see it; ${kept}`, true];
  if (has("away")) return [`not saved, retrying; ${kept}`, true];
  const [rest, isRestBad] = has("refused") ? [`not saved: ${labels(isRefused)}`, true] : [goingOn(all), false];
  const colliding = labels(isColliding);
  return colliding ? [`changed in another tab: ${colliding}; ${rest}`, true] : [rest, isRestBad];
}

function goingOn(all) {
  if (isTakingOver || all.some((state) => state.flight || state.isDirty)) return "saving …";
  if (!savedAt) return "nothing to save yet";
  return `saved at ${savedAt.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hourCycle: "h23" })}`;
}

let wasBad = false;
function say() {
  const [words, isBad] = standing();
  const line = document.querySelector("[data-saved]");
  if (line.textContent !== words) line.textContent = words;
  line.classList.toggle("saved-not", isBad);
  document.querySelector("[data-not-saved]").textContent = isBad ? words : "";
  // Read out only what needs somebody, and its end; not every "saving".
  const aloud = document.querySelector("[data-said]");
  if ((isBad || (wasBad && words.startsWith("saved"))) && aloud.textContent !== words) aloud.textContent = words;
  if (isBad || words.startsWith("saved")) wasBad = isBad;
}

function complain(state, errors) {
  const place = state.section.querySelector(".section-problem");
  const alerts = errors.map((error) => Object.assign(document.createElement("p"), { className: "notice notice-error", textContent: error }));
  place.replaceChildren(...alerts);
}

/* ---- Sending ---- */

function keep(state) {
  const { isKept } = ask("kept-put", { section: state.key, entry: { pairs: pairsOf(state.section), version: versionField(state).value, sent: state.sent } });
  state.isKept = Boolean(isKept);
}

/* A browser tells of a change on leaving a field too, long after it was saved: what the server has is no change. */
function settled(state) {
  if (state.sent || JSON.stringify(pairsOf(state.section)) !== state.confirmed) return false;
  Object.assign(state, { isDirty: false, problem: state.problem === "collided" ? "collided" : "" });
  clearTimeout(state.timer);
  complain(state, []);
  ask("kept-drop", { section: state.key });
  return true;
}

function changed(state) {
  if (settled(state)) return say();
  state.isDirty = true;
  if (["refused", "frozen"].includes(state.problem)) state.problem = "";
  keep(state);
  clearTimeout(state.timer);
  if (!WAITS_FOR_SOMEBODY.includes(state.problem)) state.timer = setTimeout(() => send(state), WAIT);
  return say();
}

function send(state, options) {
  clearTimeout(state.timer);
  if (state.flight) return state.flight;
  if (!state.isDirty && !state.sent) return Promise.resolve();
  state.flight = deliver(state, options).finally(() => {
    state.flight = null;
    say();
    return state.isDirty && goesOut(state) ? send(state) : undefined;
  });
  say();
  return state.flight;
}

async function deliver(state, options) {
  // What went out without an answer goes out again as it was: had it arrived, it is "unchanged" now, and no collision with oneself.
  const isAgain = Boolean(state.sent);
  if (!isAgain) {
    state.sending = JSON.stringify(pairsOf(state.section));
    state.sent = bodyOf(state, pairsOf(state.section));
    state.isDirty = false;
    keep(state);
  }
  let response;
  try {
    response = await post(state, state.sent, options);
  } catch {
    return retry(state);
  }
  return answered(state, response);
}

async function answered(state, response) {
  if (response.status === 401 || response.type === "opaqueredirect") return wait(state, "signed-out");
  if (response.status === 404) return wait(state, "stranger");
  if (response.status === 403 || response.status === 429 || response.status >= 500) return retry(state);
  const said = await response.json().catch(() => null);
  if (!said) return retry(state);
  state.failures = 0;
  const body = state.sent;
  state.sent = null;
  if (response.status === 409) return stop(state, "frozen", said.errors);
  if (response.status === 422) return stop(state, "refused", said.errors);
  if (!response.ok) return retry(Object.assign(state, { sent: body }));
  return said.word === "kept" ? collided(state, said) : saved(state, said);
}

function saved(state, said) {
  versionField(state).value = said.version;
  state.confirmed = state.sending;
  ask("version-seen", { section: state.key, version: said.version });
  savedAt = new Date(said.at ?? Date.now());
  state.problem = "";
  state.keptEdit = null;
  complain(state, []);
  if (state.isDirty) keep(state);
  else ask("kept-drop", { section: state.key });
  channel?.postMessage({ section: state.key, version: said.version });
}

/* The words are with the server, beside the others; both are shown, and this tab goes on growing its own. */
async function collided(state, said) {
  const isNew = state.problem !== "collided";
  state.problem = "collided";
  state.keptEdit = said.kept_edit;
  state.confirmed = state.sending;
  if (state.isDirty) keep(state);
  else ask("kept-drop", { section: state.key });
  if (isNew) await showBoth(state);
}

function stop(state, problem, errors) {
  state.problem = problem;
  complain(state, errors);
  keep(state);
}

function wait(state, problem) {
  state.problem = problem;
  keep(state);
  if (problem === "signed-out") document.dispatchEvent(new Event("signed-out"));
}

function retry(state) {
  state.problem = "away";
  keep(state);
  state.failures += 1;
  clearTimeout(state.timer);
  state.timer = setTimeout(() => again(state), Math.min(1000 * 2 ** (state.failures - 1), LONGEST_PAUSE) * (0.75 + Math.random() / 2));
}

function again(state) {
  if (["away", "signed-out", "stranger"].includes(state.problem)) state.problem = "";
  return send(state);
}

const tryAll = () => {
  for (const state of states.values()) if (["away", "signed-out", "stranger"].includes(state.problem)) again(state);
};

/* ---- Two tabs ---- */

async function fragment(state) {
  const response = await fetch(`${form.dataset.sectionsUrl}${state.key}/?assignment=${form.dataset.assignment}`);
  if (!response.ok) throw new Error(response.statusText);
  const found = new DOMParser().parseFromString(await response.text(), "text/html").querySelector("[data-section]");
  if (!found) throw new Error("not the section");
  return found;
}

const localTimes = (part) => {
  for (const time of part.querySelectorAll("time[datetime]")) {
    time.textContent = new Date(time.dateTime).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  }
};

async function showBoth(state) {
  const found = await fragment(state).catch(() => null);
  if (!found) return;
  localTimes(found);
  state.section.querySelector("[data-kept]").replaceWith(found.querySelector("[data-kept]"));
  // Both stand here now: what was said of leaving the section to see the other one no longer holds.
  if ("stale" in state.section.dataset) complain(state, []);
  delete state.section.dataset.stale;
}

const isClean = (state) => !state.isDirty && !state.flight && !state.sent && !state.problem;
const isTypingIn = (state) => state.section.contains(document.activeElement) && document.activeElement.matches("textarea, input:not([type=checkbox], [type=radio])");

/* Puts what the server has into the section, unless something was typed here meanwhile. */
async function refresh(state, { isForced = false } = {}) {
  const found = await fragment(state).catch(() => null);
  if (!found || (!isForced && (!isClean(state) || isTypingIn(state)))) return;
  state.section.dispatchEvent(new CustomEvent("fill", { bubbles: true, detail: pairsOf(found) }));
  versionField(state).value = found.querySelector(`[name="${CSS.escape(state.key)}-version"]`).value;
  localTimes(found);
  state.section.querySelector("[data-kept]").replaceWith(found.querySelector("[data-kept]"));
  state.confirmed = JSON.stringify(pairsOf(state.section));
  savedAt ??= new Date();
  delete state.section.dataset.stale;
  complain(state, []);
}

async function choose(button) {
  const state = stateOf(button);
  await state.flight;
  const hidden = [...state.section.querySelectorAll("[data-kept] input[name]")].map((field) => [field.name, field.value]);
  const response = await post(state, bodyOf(state, [...pairsOf(state.section), ...hidden], { choose: button.value })).catch(() => null);
  if (!response?.ok) return response?.status === 401 ? document.dispatchEvent(new Event("signed-out")) : complain(state, ["That did not reach the server. Try again."]);
  const said = await response.json();
  if (said.word === "kept") return showBoth(state);
  Object.assign(state, { isDirty: false, sent: null, problem: "", keptEdit: null });
  saved(state, said);
  await refresh(state, { isForced: true });
  state.section.focus();
  return say();
}

channel?.addEventListener("message", ({ data }) => {
  const state = states.get(data.section);
  if (!state || String(data.version) === versionField(state).value) return;
  if (!isClean(state)) return; // the server will tell
  if (isTypingIn(state)) {
    state.section.dataset.stale = "";
    complain(state, ["Changed in another tab a moment ago. Leave this section to see it; what you type here is kept beside it."]);
  } else refresh(state);
});

/* ---- Listening ---- */

function stateOf(node) {
  const section = node.closest("[data-section]");
  if (!section) return null;
  if (!states.has(section.dataset.section)) states.set(section.dataset.section, fresh(section));
  return states.get(section.dataset.section);
}

const noticed = (event) => {
  const state = stateOf(event.target);
  if (state && (event.target === state.section || isField(event.target))) changed(state);
};

async function flush() {
  const sendings = [...states.values()].map((state) => (["away", "signed-out"].includes(state.problem) ? again(state) : send(state)));
  await Promise.all(sendings);
  return [...states.values()].every(isClean);
}

/* What closed pages left: the newest goes on in its fields as if the page had never closed, older ones go straight to the server,
   which keeps both. */
async function takeOver() {
  const { isAny, entries } = ask("kept-adopt", {});
  const { seen } = ask("version-seen", {});
  const old = [...states.values()].filter((state) => seen[state.key] > Number(versionField(state).value));
  if (!isAny && !old.length) return;
  isTakingOver = true;
  say();
  await Promise.all(old.map((state) => refresh(state, { isForced: true })));
  const left = await entries;
  const newest = new Map(left.map((entry) => [entry.section, entry]));
  for (const entry of left) {
    const state = states.get(entry.section);
    if (!state) continue;
    if (newest.get(entry.section) !== entry) {
      const response = await post(state, bodyOf(state, entry.pairs, {}, entry.version)).catch(() => null);
      if (response?.ok) entry.drop();
      continue;
    }
    versionField(state).value = entry.version;
    state.sent = entry.sent;
    state.section.dispatchEvent(new CustomEvent("fill", { bubbles: true, detail: entry.pairs }));
    changed(state);
    entry.drop();
    await send(state);
  }
  isTakingOver = false;
  say();
}

if (form) {
  for (const section of form.querySelectorAll("[data-section]")) stateOf(section);
  localTimes(document);
  form.addEventListener("input", noticed);
  form.addEventListener("change", noticed);
  form.addEventListener("focusout", (event) => {
    const state = stateOf(event.target);
    if (!state) return;
    if ("stale" in state.section.dataset && isClean(state)) setTimeout(() => refresh(state));
    if (state.isDirty && goesOut(state)) send(state);
  });
  form.addEventListener("submit", (event) => {
    const { name, value } = event.submitter ?? {};
    event.preventDefault();
    if (name === "choose") choose(event.submitter);
    else if (value === "review") document.dispatchEvent(new CustomEvent("go-review"));
    else flush();
  });
  document.addEventListener("flush", (event) => (event.detail.done = flush()));
  document.addEventListener("signed-in", tryAll);
  addEventListener("online", tryAll);
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && tryAll());
  addEventListener("beforeunload", (event) => {
    // What the server does not have and this browser could not keep would be gone: then the browser asks first.
    if ([...states.values()].some((state) => !state.isKept && (state.isDirty || state.sent))) event.preventDefault();
  });
  addEventListener("pagehide", () => {
    for (const state of states.values()) if (state.isDirty && !state.flight) send(state, { isLast: true });
  });
  say();
  takeOver();
}
