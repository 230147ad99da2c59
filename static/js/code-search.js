/* Which codes somebody means by what they type, best first. On document, "rank-codes" with detail {typed, codes: [{label, definition}]}
   answers in detail.found, places in `codes` in order of rank, and in detail.sure, the one place that Enter may take, or null.

   The label as it is, the label in another spelling (British or American, singular or plural), its beginning, beginnings of its words,
   parts of it, nearly its words (a slip of the finger), and last the definition. What a code is not for never counts. Enter takes
   only what cannot be another: the label itself, or the only label with these words; slips and definitions are looked at first. */

const plain = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
const wordsIn = (text) => plain(text).match(/[\p{L}\p{N}]+/gu) ?? [];

/* The same letters for "labelling" and "labeling", "behaviours" and "behavior", "centre" and "center". */
const folded = (word) =>
  (word.length > 3 ? word.replace(/ies$/, "y").replace(/(?<!s)s$/, "").replace(/e$/, "") : word)
    .replace(/([tb])r$/, "$1er")
    .replace(/ogu$/, "og")
    .replace(/our/g, "or")
    .replace(/[ao]e/g, "e")
    .replace(/y?z/g, (letters) => letters.replace("z", "s"))
    .replace(/(.)\1/gu, "$1");

/* How many letters are wrong, missing, too many or swapped; more than `most` is told as most + 1. */
function slips(one, other, most) {
  if (Math.abs(one.length - other.length) > most) return most + 1;
  let [before, row] = [[], [...Array(other.length + 1).keys()]];
  for (let i = 1; i <= one.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= other.length; j += 1) {
      next[j] = Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (one[i - 1] === other[j - 1] ? 0 : 1));
      if (i > 1 && j > 1 && one[i - 1] === other[j - 2] && one[i - 2] === other[j - 1]) next[j] = Math.min(next[j], before[j - 2] + 1);
    }
    [before, row] = [row, next];
  }
  return Math.min(row.at(-1), most + 1);
}

const slipsAllowed = (word) => (word.length < 4 ? 0 : word.length < 8 ? 1 : 2);

/* A word still being typed is compared with as many letters of the label's word. */
const isNearly = (typed, word) => {
  const most = slipsAllowed(typed);
  return slips(typed, word, most) <= most || (typed.length > 4 && slips(typed, word.slice(0, typed.length), 1) <= 1);
};

const [EXACT, SPELLED, BEGINNING, WORDS, PARTS, NEARLY, DEFINITION] = [0, 1, 2, 3, 4, 5, 6];
const all = (words, fits) => words.every(fits);

function rank(typed, code) {
  const words = wordsIn(code.label);
  const [label, wanted] = [words.join(" "), typed.join(" ")];
  const [foldedLabel, foldedWanted] = [words.map(folded), typed.map(folded)];
  if (label === wanted) return EXACT;
  if (foldedLabel.join("") === foldedWanted.join("")) return SPELLED;
  if (label.startsWith(wanted)) return BEGINNING;
  if (all(typed, (word) => words.some((other) => other.startsWith(word)))) return WORDS;
  if (all(foldedWanted, (word) => foldedLabel.some((other) => other.startsWith(word)))) return WORDS;
  const joined = words.join("");
  if (all(typed, (word) => joined.includes(word))) return PARTS;
  if (all(foldedWanted, (word) => foldedLabel.some((other) => isNearly(word, other)))) return NEARLY;
  const more = [...words, ...wordsIn(code.definition)];
  return all(typed, (word) => more.some((other) => other.startsWith(word))) ? DEFINITION : null;
}

document.addEventListener("rank-codes", ({ detail }) => {
  const typed = wordsIn(detail.typed);
  const ranked = typed.length
    ? detail.codes.map((code, place) => ({ place, rank: rank(typed, code) })).filter((hit) => hit.rank !== null)
    : detail.codes.map((_, place) => ({ place, rank: DEFINITION }));
  ranked.sort((one, other) => one.rank - other.rank || one.place - other.place);
  detail.found = ranked.map((hit) => hit.place);
  const byWords = ranked.filter((hit) => hit.rank <= PARTS);
  const themselves = ranked.filter((hit) => hit.rank === byWords[0]?.rank && hit.rank <= SPELLED);
  const [only] = themselves.length ? themselves : byWords;
  detail.sure = only && (themselves.length ? themselves : byWords).length === 1 ? only.place : null;
});
