/* Finding words in the paper as people copied them: letters and digits count, line ends, hyphens and accents do not.
   "find-in" on document (detail: {root, words, name, isAll}) marks what it finds in `root` with the CSS highlight `name`, and puts the
   ranges into detail.ranges. Clicking a quote ("show-quote") shows it in the abstract here, in the PDF in paper-pdf.js. */

const letter = /[\p{L}\p{N}]/u;
const plain = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();

/* The letters of the text below root, each with the place it comes from. */
function lettersOf(root) {
  const letters = [];
  const places = [];
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    let offset = 0;
    for (const character of node.data) {
      for (const part of plain(character)) {
        if (!letter.test(part)) continue;
        letters.push(part);
        places.push([node, offset, offset + character.length]);
      }
      offset += character.length;
    }
  }
  return [letters.join(""), places, letters];
}

const lettersIn = (words) => [...plain(words)].filter((part) => letter.test(part)).join("");

function find(root, words, isAll) {
  const wanted = lettersIn(words);
  const [text, places, letters] = lettersOf(root);
  if (!wanted) return [];
  // Letters outside of the first plane are two units of the text and one of the places.
  const units = letters.flatMap((part, place) => Array(part.length).fill(place));
  const ranges = [];
  for (let at = text.indexOf(wanted); at >= 0; at = isAll ? text.indexOf(wanted, at + wanted.length) : -1) {
    const range = new Range();
    const [first, last] = [places[units[at]], places[units[at + wanted.length - 1]]];
    range.setStart(first[0], first[1]);
    range.setEnd(last[0], last[2]);
    ranges.push(range);
  }
  return ranges;
}

document.addEventListener("find-in", ({ detail }) => {
  detail.ranges = find(detail.root, detail.words, detail.isAll);
  if (detail.name && CSS.highlights) CSS.highlights.set(detail.name, new Highlight(...detail.ranges));
});

document.addEventListener("show-quote", ({ detail }) => {
  const abstract = document.querySelector("[data-quotable]");
  if (!abstract) return;
  // Several quotes stand in one field as lines.
  const whole = find(abstract, detail.quote, false);
  const ranges = whole.length ? whole : detail.quote.split("\n").flatMap((line) => find(abstract, line, false));
  if (!ranges.length) return;
  detail.isInAbstract = true;
  // With a page it stands in the PDF, if anywhere.
  if (detail.page && document.querySelector("[data-pdf]")) return;
  document.dispatchEvent(new CustomEvent("show-pane", { detail: "paper" }));
  document.dispatchEvent(new CustomEvent("show-view", { detail: "text" }));
  CSS.highlights?.set("quote", new Highlight(...ranges));
  abstract.dataset.found = ranges.join("\n");
  ranges[0].startContainer.parentElement.scrollIntoView({ block: "center" });
});
