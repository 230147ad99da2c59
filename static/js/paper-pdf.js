/* The PDF beside the form, drawn by pdf.js, which is loaded here and nowhere else. Pages are drawn as they come into view and let go
   when they are far away, so that 300 pages open as quickly as one; only the bytes needed are asked for.
   "show-quote" on document finds the words, on their page first, and shows them. */

const box = document.querySelector("[data-pdf]");
const pane = document.querySelector("[data-paper]");
const said = document.querySelector("[data-pdf-said]");
const tools = document.querySelector(".pdf-tools");
const pageField = document.querySelector("[data-pdf-page]");
const found = document.querySelector("[data-pdf-found]");
const NEAR = 6;

let library;
let pdf;
let opening;
let zoom = 1;
let width = 0; // what the pages are drawn for
let base = { width: 612, height: 792 };
const drawn = new Map(); // page number -> promise of its text layer
const texts = new Map(); // page number -> detached element with its text

const pageBox = (number) => box.children[number - 1];
const scale = () => ((box.clientWidth || 600) / base.width) * zoom;

/* ---- Opening ---- */

async function open() {
  library = await import(new URL(box.dataset.pdfLibrary, location.href));
  library.GlobalWorkerOptions.workerSrc = box.dataset.pdfWorker;
  const parts = new URL(box.dataset.pdfParts, location.href).href;
  const task = library.getDocument({
    url: new URL(box.dataset.pdf, location.href).href,
    cMapUrl: `${parts}cmaps/`, cMapPacked: true, standardFontDataUrl: `${parts}standard_fonts/`, wasmUrl: `${parts}wasm/`,
    disableAutoFetch: true, disableStream: true, enableXfa: false,
  });
  pdf = await task.promise;
  const first = await pdf.getPage(1);
  base = first.getViewport({ scale: 1 });
  document.querySelector("[data-pdf-pages]").textContent = pdf.numPages;
  for (let number = 1; number <= pdf.numPages; number += 1) {
    const page = document.createElement("div");
    Object.assign(page, { className: "pdf-page", role: "group", ariaLabel: `Page ${number}` });
    page.dataset.page = number;
    box.append(page);
  }
  measure();
  said.textContent = "";
  for (const page of box.children) watcher.observe(page);
}

function start() {
  opening ??= open().catch((error) => {
    const words = `This PDF cannot be shown here (${error.message}). It may open in a tab of its own:`;
    said.textContent = words;
    // The abstract comes forward, so it is said there too.
    const alert = Object.assign(document.createElement("p"), { className: "notice notice-warning", role: "alert", textContent: words });
    document.querySelector("[data-view-of=text]").prepend(alert);
    document.dispatchEvent(new CustomEvent("show-view", { detail: "text" }));
  });
  return opening;
}

function measure() {
  width = box.clientWidth;
  box.style.setProperty("--page-width", `${base.width * scale()}px`);
  box.style.setProperty("--page-shape", `${base.width} / ${base.height}`);
  box.style.setProperty("--total-scale-factor", scale());
}

/* ---- Drawing ---- */

const inView = new Set();
const watcher = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    const number = Number(target.dataset.page);
    isIntersecting ? inView.add(number) : inView.delete(number);
  }
  if (!inView.size) return;
  const first = Math.min(...inView);
  if (document.activeElement !== pageField) pageField.value = first;
  for (const number of inView) draw(number);
  draw(Math.max(...inView) + 1);
  for (const number of drawn.keys()) if (Math.abs(number - first) > NEAR) letGo(number);
});

function draw(number) {
  if (number < 1 || number > pdf.numPages) return null;
  if (!drawn.has(number)) drawn.set(number, drawPage(number).catch(() => { drawn.delete(number); return null; }));
  return drawn.get(number);
}

async function drawPage(number) {
  const page = await pdf.getPage(number);
  const place = pageBox(number);
  const viewport = page.getViewport({ scale: scale() });
  const own = page.getViewport({ scale: 1 });
  place.style.aspectRatio = `${own.width} / ${own.height}`;
  const sharp = Math.min(window.devicePixelRatio || 1, 2);
  const canvas = Object.assign(document.createElement("canvas"), { width: Math.floor(viewport.width * sharp), height: Math.floor(viewport.height * sharp) });
  canvas.setAttribute("aria-hidden", "true");
  const words = Object.assign(document.createElement("div"), { className: "textLayer" });
  await page.render({ canvas, viewport, transform: sharp === 1 ? null : [sharp, 0, 0, sharp, 0, 0] }).promise;
  await new library.TextLayer({ textContentSource: page.streamTextContent(), container: words, viewport }).render();
  place.replaceChildren(canvas, words);
  place.dataset.drawn = "";
  return words;
}

function letGo(number) {
  drawn.delete(number);
  pageBox(number).replaceChildren();
  delete pageBox(number).dataset.drawn;
}

/* The line that was at the top stays there, at any size; a page whose head is in view stays where it is. */
function redraw() {
  const page = pageBox(Number(pageField.value)) ?? pageBox(1);
  const scroller = pane.scrollHeight > pane.clientHeight + 1 ? pane : document.scrollingElement;
  const top = tools.getBoundingClientRect().bottom;
  const before = page.getBoundingClientRect();
  const part = Math.max((top - before.top) / before.height, 0);
  measure();
  for (const number of [...drawn.keys()]) letGo(number);
  for (const number of inView) draw(number);
  const after = page.getBoundingClientRect();
  scroller.scrollTop += after.top + part * after.height - before.top - part * before.height;
}

let resizing = 0;
new ResizeObserver(() => {
  if (!box?.children.length || !box.clientWidth || Math.abs(box.clientWidth - width) < 2) return;
  clearTimeout(resizing);
  resizing = setTimeout(redraw, 150);
}).observe(box ?? document.body);

/* ---- Going somewhere, searching ---- */

async function goTo(number) {
  await start();
  const page = Math.min(Math.max(number || 1, 1), pdf.numPages);
  pageField.value = page;
  pageBox(page).scrollIntoView({ block: "start" });
  return draw(page);
}

function rangesIn(root, words, name, isAll = true) {
  const detail = { root, words, name, isAll, ranges: [] };
  document.dispatchEvent(new CustomEvent("find-in", { detail }));
  return detail.ranges;
}

async function textOf(number) {
  if (!texts.has(number)) {
    const page = await pdf.getPage(number);
    const { items } = await page.getTextContent();
    const text = document.createElement("div");
    text.textContent = items.map((item) => item.str ?? "").join(" ");
    texts.set(number, text);
  }
  return texts.get(number);
}

let hits = [];
let at = -1;
let sought = "";

async function seek(words) {
  await start();
  if (words !== sought) {
    [hits, at, sought] = [[], -1, words];
    for (let number = 1; number <= pdf.numPages && words === sought; number += 1) {
      const count = rangesIn(await textOf(number), words).length;
      for (let place = 0; place < count; place += 1) hits.push([number, place]);
      found.textContent = `page ${number} of ${pdf.numPages} …`;
    }
  }
  if (!hits.length) {
    found.textContent = words ? "not found" : "";
    return;
  }
  at = (at + 1) % hits.length;
  const [number, place] = hits[at];
  const ranges = rangesIn(await goTo(number), words, "found");
  reveal(ranges[place], "found-now");
  found.textContent = `${at + 1} of ${hits.length}, p. ${number}`;
}

function reveal(range, name) {
  if (!range) return;
  CSS.highlights?.set(name, new Highlight(range));
  range.startContainer.parentElement.scrollIntoView({ block: "center", inline: "nearest" });
}

/* Several quotes stand in one field as lines, their pages in the same order: each click goes to the next of them. */
let turn = 0;
let lastShown = "";

async function showQuote({ quote, page, isInAbstract }) {
  if (!quote || (isInAbstract && !page)) return;
  document.dispatchEvent(new CustomEvent("show-pane", { detail: "paper" }));
  document.dispatchEvent(new CustomEvent("show-view", { detail: "pdf" }));
  await start();
  if (!pdf) return;
  const lines = quote.split("\n").filter((line) => line.trim());
  turn = quote === lastShown ? (turn + 1) % lines.length : 0;
  lastShown = quote;
  const pages = page.split(/[,;]/).map((one) => Number.parseInt(one, 10));
  const isShown = (await showWords(quote, pages[0])) || (lines.length > 1 && (await showWords(lines[turn], pages[turn] ?? pages[0])));
  said.textContent = isShown ? "" : "These words are not in the text of this PDF.";
  if (!isShown && pages[0]) goTo(pages[0]);
}

/* On the page that was named first, then anywhere; a quote may end on the page after. */
async function showWords(words, named) {
  const all = Array.from({ length: pdf.numPages }, (_, place) => place + 1);
  const order = named >= 1 && named <= pdf.numPages ? [named, ...all.filter((number) => number !== named)] : all;
  for (const number of order) {
    const isHere = rangesIn(await textOf(number), words, null, false).length > 0;
    if (!isHere && !(await goesOnAfter(number, words))) continue;
    const layer = await goTo(number);
    if (!isHere) await draw(number + 1);
    const [range] = rangesIn(isHere ? layer : box, words, "quote", false);
    reveal(range, "quote");
    box.dataset.shown = `${number}: ${range?.toString() ?? ""}`;
    return true;
  }
  return false;
}

async function goesOnAfter(number, words) {
  if (number >= pdf.numPages) return false;
  const both = document.createElement("div");
  both.append((await textOf(number)).textContent, " ", (await textOf(number + 1)).textContent);
  return rangesIn(both, words, null, false).length > 0;
}

if (box) {
  // Not before it is seen: on a phone the form comes first.
  new IntersectionObserver((entries, watching) => {
    if (!entries.some((entry) => entry.isIntersecting)) return;
    watching.disconnect();
    start();
  }).observe(pane.querySelector("[data-view-of=pdf] .pdf-tools"));
  pageField.addEventListener("change", () => goTo(Number.parseInt(pageField.value, 10)));
  pageField.addEventListener("keydown", (event) => event.key === "Enter" && goTo(Number.parseInt(pageField.value, 10)));
  document.querySelector("[data-pdf-search]").addEventListener("submit", (event) => {
    event.preventDefault();
    seek(event.target.querySelector("input").value.trim());
  });
  document.addEventListener("click", (event) => {
    const by = event.target.closest("[data-pdf-zoom]")?.dataset.pdfZoom;
    if (!by || !pdf) return;
    zoom = Math.min(Math.max(zoom * (by > 0 ? 1.25 : 0.8), 0.5), 4);
    redraw();
  });
  document.addEventListener("show-quote", ({ detail }) => showQuote(detail));
}
