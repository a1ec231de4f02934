// The page: its records, and which dataset it is about.
const DATA = JSON.parse(document.getElementById("records").textContent);
const RUNS = DATA.runs;
const NAMES = DATA.tricks.map((trick) => trick.name);
const onDataset = [];

/** The places of a dataset's runs; of all runs where none is chosen. */
function runsOf(dataset) {
  const index = DATA.datasets.indexOf(dataset);
  return RUNS.dataset.map((_, run) => run).filter((run) => index < 0 || RUNS.dataset[run] === index);
}

/** The dataset that the page is about: the chosen one, else the first. */
function theDataset() {
  return document.documentElement.dataset.only || DATA.datasets[0];
}

/** Whether a run has a trick. */
function has(run, trick) {
  return RUNS.levels[run][NAMES.indexOf(trick)] === "1";
}

/** A run's images; null where they were not kept. */
function picture(run, words) {
  const data = run === undefined ? null : DATA.pictures[run];
  return data ? make("img", { src: `data:image/webp;base64,${data}`, alt: words, loading: "lazy" }) : null;
}

/** FID over training of a run, as points. */
function fidCurve(run) {
  return RUNS.steps.map((step, i) => [step, (RUNS.fids[run] || [])[i]]).filter((point) => point[1] > 0);
}

/** Make the page about one dataset, or about all of them ("" or null). */
function choose(dataset) {
  document.documentElement.dataset.only = dataset || "";
  document.querySelector(".effects")?.style.setProperty("--shown", dataset ? 1 : DATA.datasets.length);
  for (const element of document.querySelectorAll("[data-dataset]")) {
    element.hidden = Boolean(dataset) && element.dataset.dataset !== dataset;
    if (dataset && element.matches("details") && !element.hidden) element.open = true;
  }
  for (const button of document.querySelectorAll(".datasets .pick"))
    button.setAttribute("aria-pressed", String(button.dataset.pick === (dataset || "")));
  for (const react of onDataset) react();
}

document.documentElement.classList.add("live");
for (const button of document.querySelectorAll(".pick"))
  button.addEventListener("click", () => choose(button.dataset.pick === document.documentElement.dataset.only ? "" : button.dataset.pick));
// A section that a link leads to is opened; everything is on paper.
function openTarget() {
  const target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (target && target.matches("details")) target.open = true;
}
addEventListener("hashchange", openTarget);
addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((details) => { details.open = true; }));
openTarget();
