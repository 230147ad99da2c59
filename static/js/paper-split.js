/* The paper beside the form: a divider moved by mouse, touch and arrow keys, remembered in this browser; tabs where there is no room.
   "show-pane" on document (detail: "paper" or "form") brings one of the two forward. */

const split = document.querySelector("[data-split]");
const divider = split?.querySelector("[role=separator]");
const PLACE = "concord-divider";

function place(percent) {
  const kept = Math.min(Math.max(percent, 20), 80);
  split.style.setProperty("--split", `${kept}%`);
  divider.setAttribute("aria-valuenow", Math.round(kept));
  try {
    localStorage.setItem(PLACE, kept);
  } catch {
    /* full, or forbidden: then it is not remembered, and works all the same */
  }
}

function follow(event) {
  const box = split.getBoundingClientRect();
  const part = ((event.clientX - box.left) / box.width) * 100;
  place(getComputedStyle(split).direction === "rtl" ? 100 - part : part);
}

const BY = { ArrowLeft: -2, ArrowRight: 2, PageUp: -10, PageDown: 10 };

function showPane(which) {
  split.dataset.pane = which;
  for (const button of document.querySelectorAll("[data-pane-of]")) button.setAttribute("aria-pressed", button.dataset.paneOf === which);
}

function showView(which) {
  for (const button of document.querySelectorAll("[data-view]")) button.setAttribute("aria-pressed", button.dataset.view === which);
  for (const view of document.querySelectorAll("[data-view-of]")) view.hidden = view.dataset.viewOf !== which;
  document.dispatchEvent(new CustomEvent("view-shown", { detail: which }));
}

if (split) {
  place(Number(localStorage.getItem(PLACE)) || 50);
  showPane("form");
  divider.addEventListener("pointerdown", (event) => {
    divider.setPointerCapture(event.pointerId);
    divider.addEventListener("pointermove", follow);
    divider.addEventListener("lostpointercapture", () => divider.removeEventListener("pointermove", follow), { once: true });
  });
  divider.addEventListener("keydown", (event) => {
    const now = Number(divider.getAttribute("aria-valuenow"));
    const to = event.key in BY ? now + BY[event.key] : { Home: 20, End: 80, Enter: 50 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    place(to);
  });
  document.addEventListener("click", (event) => {
    const pane = event.target.closest("[data-pane-of]");
    const view = event.target.closest("[data-view]");
    if (pane) showPane(pane.dataset.paneOf);
    if (view) showView(view.dataset.view);
  });
  document.addEventListener("show-pane", (event) => showPane(event.detail));
  document.addEventListener("show-view", (event) => showView(event.detail));
  if (document.querySelector("[data-view-of=pdf]")) queueMicrotask(() => showView("pdf"));
}
