// Pointing at a trick: its effect in words, what it buys and costs, its images with and without, FID over training.
const panel = document.getElementById("panel");
let pinned = null;

/** Show what is known of a trick on a dataset; nothing for null. */
function tell(trick, dataset) {
  for (const row of document.querySelectorAll(".effects tbody tr")) row.classList.toggle("told", row.dataset.trick === trick);
  const found = trick && (DATA.effects[dataset] || {})[trick];
  const card = DATA.tricks.find((other) => other.name === trick) || {};
  panel.hidden = !trick;
  panel.dataset.trick = trick || "";
  if (!trick) return;
  const head = [
    make("button", { class: "close", type: "button", "aria-label": "Close", onclick: () => { pinned = null; tell(null); } }, "×"),
    make("h3", {}, make("code", {}, trick)),
    make("p", { class: "where" }, card.title ? `${card.title}. ` : "", `On ${dataset}:`),
  ];
  const tail = [
    card.claim && make("p", {}, make("b", {}, "It is said: "), card.claim),
    card.on && make("p", {}, make("b", {}, "On: "), card.on, " ", make("b", {}, "Off: "), card.off || ""),
    card.source && make("p", { class: "where" }, card.source),
  ];
  panel.replaceChildren(...[...head, ...(found ? known(found, trick, dataset) : [make("p", {}, "No effect could be estimated here.")]), ...tail].filter(Boolean));
}

function known(found, trick, dataset) {
  const facts = [
    ["95 % interval", found.interval],
    ["over all tricks at once", found.wide],
    ["p, corrected", found.p],
    ["runs", `${found.with.length} with it, ${found.without.length} without`],
    found.average && ["on average over recipes", found.average],
  ].filter(Boolean);
  const kind = trick === "placebo" ? "placebo" : found.verdict;
  const [without, withIt] = found.pair;
  const images = [[without, "without"], [withIt, "with"]].map(([run, word]) => [picture(run, `Samples ${word} ${trick}`), run, word]);
  return [
    make("p", { class: `size ${kind}` }, found.effect, make("span", { class: "unseen" }, ` ${DATA.outcome}, ${found.verdict}`)),
    make("p", {}, found.words),
    make("dl", {}, facts.flatMap(([name, text]) => [make("dt", {}, name), make("dd", {}, text)])),
    found.others.length ? make("div", { class: "others" }, found.others.map(([name, text, clear]) =>
      make("span", {}, `${name} `, clear ? make("b", {}, text) : text))) : null,
    found.others.length ? make("p", { class: "where" }, "Bold: beyond chance.") : null,
    images.some(([image]) => image) ? make("div", { class: "pair" }, images.map(([image, run, word]) =>
      make("div", {}, image || "", make("span", {}, `${word}: ${RUNS.status[run] === "ok" ? `FID ${short(RUNS.fid[run])}` : RUNS.status[run]}${image ? "" : ", no images kept"}`)))) : null,
    images.some(([image]) => image) ? make("p", { class: "where" }, "The same z at the same place; the middle run of each side.") : null,
    curves(found, trick),
  ];
}

/** FID over training, with (blue) and without (grey): every run thin, geometric means thick. */
function curves(found, trick) {
  const lines = [], means = [];
  for (const [runs, kind] of [[found.without, "off"], [found.with, "on"]]) {
    const own = runs.map(fidCurve).filter((points) => points.length > 1);
    lines.push(...own.map((points) => ({ points, kind: `thin ${kind}` })));
    const mean = RUNS.steps.map((step) => {
      const logs = own.map((points) => points.find((point) => point[0] === step)).filter(Boolean).map((point) => Math.log(point[1]));
      return logs.length * 2 > own.length ? [step, Math.exp(logs.reduce((a, b) => a + b, 0) / logs.length)] : null;
    }).filter(Boolean);
    if (mean.length > 1) means.push({ points: mean, kind: `thick ${kind}` });
  }
  if (!means.length) return null;
  const words = `FID over training with and without ${trick}`;
  return make("figure", {}, plot({ lines: [...lines, ...means], x: { label: "step" }, y: { label: "FID", log: true }, label: words, height: 170 }),
    make("figcaption", {}, make("span", { class: "on" }, "▬"), " with, ", make("span", { class: "off" }, "▬"), " without; thin: single runs"));
}

for (const row of document.querySelectorAll(".effects tbody tr")) {
  const trick = row.dataset.trick;
  const at = (event) => (event.target.closest("[data-dataset]") || {}).dataset?.dataset || theDataset();
  row.addEventListener("pointerover", (event) => { if (!pinned && event.pointerType === "mouse") tell(trick, at(event)); });
  row.addEventListener("focusin", (event) => { if (!pinned && event.target.matches(":focus-visible")) tell(trick, at(event)); });
  row.addEventListener("click", (event) => {
    const key = `${trick} ${at(event)}`;
    pinned = pinned === key ? null : key;
    tell(trick, at(event));
    row.scrollIntoView({ block: "nearest" });
  });
}
document.querySelector(".effects")?.addEventListener("mouseleave", () => { if (!pinned) tell(null); });
addEventListener("keydown", (event) => { if (event.key === "Escape") { pinned = null; tell(null); } });
onDataset.push(() => { if (!panel.hidden) { pinned = null; tell(panel.dataset.trick, theDataset()); } });
