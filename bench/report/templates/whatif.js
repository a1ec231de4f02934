// What a recipe would come out at: the model's prediction from the coefficients that came with the page.

/** [y, low, high] of one run with these levels ({trick: boolean}), with its 95 % interval; as `Surface.predict`. */
function predict(model, levels) {
  const signs = model.tricks.map((trick) => (levels[trick] ? 1 : -1));
  const row = [1, ...signs, ...model.pairs.map(([i, j]) => signs[i] * signs[j])];
  let y = 0, variance = model.rest, at = 0;
  for (let i = 0; i < row.length; i++) {
    y += row[i] * model.mean[i];
    // The covariance is symmetric: its lower half is here, and what is off the diagonal counts twice.
    for (let j = 0; j <= i; j++) variance += (i === j ? 1 : 2) * row[i] * row[j] * model.covariance[at++];
  }
  const reach = 1.959963984540054 * Math.sqrt(variance);
  return [y, y - reach, y + reach];
}

const whatIf = document.getElementById("what-if");
let wished = {};

function startLevels() {
  const best = DATA.best[theDataset()];
  wished = Object.fromEntries(NAMES.map((trick, i) => [trick, best ? best[i] === "1" : false]));
}

function drawWhatIf() {
  const dataset = theDataset(), model = DATA.models[dataset];
  document.getElementById("levels").replaceChildren(...NAMES.map((trick) => make("button", {
    type: "button", class: "chip", "aria-pressed": String(wished[trick]), "data-level": trick, onclick: () => { wished[trick] = !wished[trick]; drawWhatIf(); } }, trick)));
  const apart = (levels) => NAMES.filter((trick, i) => (levels[i] === "1") !== wished[trick]);
  const recipes = Map.groupBy(runsOf(dataset), (run) => RUNS.levels[run]);
  const near = [...recipes].map(([levels, runs]) => [apart(levels), runs.sort((a, b) => (RUNS.fid[a] ?? 1e9) - (RUNS.fid[b] ?? 1e9))])
    .sort((a, b) => a[0].length - b[0].length || b[1].length - a[1].length).slice(0, 7);
  const told = model && predict(model, wished).map((value) => short(DATA.ratios ? Math.exp(value) : value));
  document.getElementById("prediction").replaceChildren(...(told ? [
    `On ${dataset} the model predicts `, make("b", {}, `${DATA.outcome} ${told[0]}`), ` for a run of this recipe, 95 % between ${told[1]} and ${told[2]}. `,
    make("span", { class: "where" }, `Main effects and pairs of tricks, fitted to all runs; of ${model.tried} recipes, each left out in turn, ${model.held} lay within their interval.`),
  ] : [`No model for ${dataset}: too few recipes ran.`]));
  document.getElementById("nearest").replaceChildren(...near.map(([differs, runs]) => {
    const run = runs[Math.floor((runs.length - 1) / 2)];
    const ends = [runs[0], runs[runs.length - 1]].map((one) => short(RUNS.fid[one]));
    return make("div", { class: "tile" },
      make("div", { class: "role" }, runs.length > 1 ? `FID ${ends[0]} to ${ends[1]}` : `FID ${ends[0]}`), picture(run, "Samples of this recipe"),
      make("div", { class: "caption" }, `${runs.length} run${runs.length > 1 ? "s" : ""} of `, differs.length ? `it but ${differs.map((trick) => `${trick} ${wished[trick] ? "off" : "on"}`).join(", ")}` : "this very recipe"));
  }));
}

if (whatIf) {
  startLevels();
  whatIf.addEventListener("toggle", () => { if (whatIf.open) drawWhatIf(); });
  onDataset.push(() => { startLevels(); if (whatIf.open) drawWhatIf(); });
}

// A narrow screen has no room for three axes side by side: it begins with the first dataset.
if (matchMedia("(max-width: 560px)").matches && DATA.datasets.length > 2) choose(DATA.datasets[0]);
