// All runs: a table and a scatter that show the same selection, and one run in full.
const COLUMNS = Object.keys(RUNS.labels);
const explorer = { sort: "fid", down: false, across: COLUMNS.includes("recall") ? "recall" : COLUMNS.find((name) => name !== "fid"), chosen: null, tricks: {} };

/** The runs that the filters leave, in the order of the table; what has no number comes last. */
function selected() {
  const { sort, down, tricks } = explorer;
  const column = sort === "recipe" ? RUNS.levels : RUNS[sort];
  const rank = (run) => (column[run] === null || column[run] === undefined ? null : column[run]);
  return runsOf(document.documentElement.dataset.only)
    .filter((run) => Object.entries(tricks).every(([trick, level]) => has(run, trick) === level))
    .sort((a, b) => {
      const [x, y] = [rank(a), rank(b)];
      if (x === null || y === null) return (x === null) - (y === null) || a - b;
      return (x < y ? -1 : x > y ? 1 : 0) * (down ? -1 : 1) || a - b;
    });
}

/** The levels of a run in words: what is on. */
function recipe(run) {
  return NAMES.filter((trick) => has(run, trick)).join(", ") || "nothing on";
}

/** The command that makes the run again. */
function command(run) {
  const start = DATA.commands[DATA.datasets[RUNS.dataset[run]]];
  const tuned = RUNS.tuned[run] ? ` --hack ${RUNS.tuned[run]}` : "";
  const levels = NAMES.map((trick) => `${trick}=${has(run, trick) ? "on" : "off"}`).join(" ");
  return start && `${start} --seed ${RUNS.seed[run]} --set ${levels}${tuned}`;
}

/** Of every dataset what its FIDs are shown in: 1 where there is one, else their median, since datasets do not compare. */
function units() {
  if (document.documentElement.dataset.only || DATA.datasets.length < 2) return DATA.datasets.map(() => 1);
  return DATA.datasets.map((_, place) => {
    const fids = RUNS.fid.filter((fid, run) => fid > 0 && RUNS.dataset[run] === place).sort((a, b) => a - b);
    return fids[Math.floor(fids.length / 2)] || 1;
  });
}

function draw() {
  const runs = selected();
  const pick = (run) => () => { explorer.chosen = run; draw(); };
  const heads = [["dataset", "dataset"], ["arm", "stage"], ["recipe", "tricks that are on"], ["seed", "seed"], ["status", "ended"], ...COLUMNS.map((name) => [name, RUNS.labels[name]])];
  const sortBy = (name) => () => { explorer.down = explorer.sort === name && !explorer.down; explorer.sort = name; draw(); };
  const cell = (run, name) => name === "dataset" ? DATA.datasets[RUNS.dataset[run]] : name === "recipe" ? recipe(run) : typeof RUNS[name][run] === "number" && name !== "seed" ? short(RUNS[name][run]) : String(RUNS[name][run] ?? "–");
  document.getElementById("runs").replaceChildren(
    make("thead", {}, make("tr", {}, heads.map(([name, words]) => make("th", { scope: "col", "aria-sort": explorer.sort === name ? (explorer.down ? "descending" : "ascending") : null },
      make("button", { type: "button", "data-sort": name, onclick: sortBy(name) }, `${words}${explorer.sort === name ? (explorer.down ? " ▾" : " ▴") : ""}`))))),
    make("tbody", {}, runs.map((run) => make("tr", { "data-run": run, tabindex: 0, class: run === explorer.chosen ? "chosen" : "", onclick: pick(run), onkeydown: (event) => { if (event.key === "Enter") pick(run)(); } },
      heads.map(([name]) => make("td", { class: COLUMNS.includes(name) ? "r" : name === "recipe" ? "l long" : "l" }, cell(run, name)))))));
  const across = explorer.across, medians = units();
  const dots = runs.filter((run) => RUNS.fid[run] > 0 && RUNS[across]?.[run] != null).map((run) => ({
    x: RUNS[across][run], y: RUNS.fid[run] / medians[RUNS.dataset[run]], kind: `${RUNS.status[run] === "ok" ? "" : "failed"} ${run === explorer.chosen ? "chosen" : ""}`,
    title: `${DATA.datasets[RUNS.dataset[run]]}, FID ${short(RUNS.fid[run])}, ${RUNS.labels[across]} ${short(RUNS[across][run])}: ${recipe(run)}`, pick: pick(run) }));
  document.getElementById("scatter").replaceChildren(
    make("p", { class: "where", role: "status" }, `${runs.length} of ${RUNS.dataset.length} runs; orange failed.`),
    plot({ dots, x: { label: RUNS.labels[across] || "" }, y: { label: medians.every((unit) => unit === 1) ? "FID" : "FID ÷ median of its dataset", log: true }, label: `FID against ${RUNS.labels[across]} of ${dots.length} runs`, width: 700, height: 330 }));
  showRun(explorer.chosen ?? runs[0]);
}

/** One run: its images, curves, scores, levels and command. */
function showRun(run) {
  const place = document.getElementById("run");
  if (run === undefined || run === null) return place.replaceChildren(make("p", {}, "No run has these levels."));
  const bins = (name) => (RUNS.losses[name][run] || []).map((value, i, all) => [((i + 0.5) / all.length) * RUNS.last, value]).filter((point) => point[1] !== null);
  const losses = [["d_loss", "thick off"], ["g_loss", "thick on"]].filter(([name]) => RUNS.losses[name].length).map(([name, kind]) => ({ points: bins(name), kind })).filter((line) => line.points.length > 1);
  const image = picture(run, "Samples of this run");
  const curve = fidCurve(run);
  const again = command(run);
  return place.replaceChildren(...[
    make("h3", {}, `${DATA.datasets[RUNS.dataset[run]]}, ${RUNS.arm[run]}, seed ${RUNS.seed[run]}: ${RUNS.status[run]}, FID ${short(RUNS.fid[run])}`),
    image ? make("div", { class: "pair" }, image) : make("p", { class: "where" }, "Its images were not kept."),
    make("p", {}, make("b", {}, "On: "), recipe(run)),
    curve.length > 1 && plot({ lines: [{ points: curve, kind: "thick on" }], x: { label: "step" }, y: { label: "FID", log: true }, label: "FID over training of this run", height: 150 }),
    losses.length && plot({ lines: losses, x: { label: "step" }, y: { label: "losses" }, label: "Losses of this run: generator blue, discriminator grey", height: 150 }),
    losses.length && make("p", { class: "where" }, "Losses: generator blue, discriminator grey."),
    again && make("p", {}, "Again:", make("code", { class: "command" }, again)),
  ].filter(Boolean));
}

/** A button per trick that goes from either to on to off. */
function filters() {
  return NAMES.map((trick) => make("button", { type: "button", class: "chip", "aria-pressed": "false", "data-filter": trick, title: `any, on or off`, onclick: (event) => {
    const next = { undefined: true, true: false, false: undefined }[explorer.tricks[trick]];
    if (next === undefined) delete explorer.tricks[trick]; else explorer.tricks[trick] = next;
    event.target.setAttribute("aria-pressed", { undefined: "false", true: "true", false: "mixed" }[next]);
    event.target.textContent = next === undefined ? trick : `${trick} ${next ? "on" : "off"}`;
    explorer.chosen = null;
    draw();
  } }, trick));
}

document.getElementById("filters").append("Only runs with ", ...filters());
document.getElementById("axes").append("FID against ", ...COLUMNS.filter((name) => name !== "fid").map((name) => make("button", {
  type: "button", class: "chip", "data-axis": name, "aria-pressed": String(name === explorer.across), onclick: (event) => {
    explorer.across = name;
    for (const other of event.target.parentElement.querySelectorAll("button")) other.setAttribute("aria-pressed", String(other === event.target));
    draw();
  } }, RUNS.labels[name])));
const explore = document.getElementById("explore");
explore.addEventListener("toggle", () => { if (explore.open) draw(); });
onDataset.push(() => { explorer.chosen = null; if (explore.open) draw(); });
