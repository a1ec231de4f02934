// Tables of many rows: a click on a head sorts by that column, a box keeps the rows that hold every word.
for (const table of document.querySelectorAll("table[data-sortable]")) {
  const body = table.tBodies[0];
  const heads = [...table.tHead.rows[0].cells];
  const words = (row, place) => row.cells[place].textContent.trim();

  /** What a cell counts as: its first number; 0 where it only says that there is no more than some; null without one. */
  function amount(text) {
    if (/^(at most|negligible)/.test(text)) return 0;
    const found = text.replaceAll("\u2212", "-").replaceAll(",", "").match(/-?\d+(\.\d+)?/);
    if (!found) return null;
    return /×/.test(text.split("(")[0]) ? 100 * (Number(found[0]) - 1) : Number(found[0]);
  }

  /** Sort by a column, the other way round at the second click; cells that say nothing come last. */
  function sortBy(place) {
    const down = heads[place].getAttribute("aria-sort") === "ascending";
    const numeric = heads[place].classList.contains("r");
    const rows = [...body.rows];
    const keys = new Map(rows.map((row) => [row, numeric ? amount(words(row, place)) : words(row, place)]));
    const empty = (key) => key === null || key === "" || key === "–";
    rows.sort((a, b) => {
      const [one, other] = [keys.get(a), keys.get(b)];
      if (empty(one) || empty(other)) return empty(one) - empty(other);
      return (down ? -1 : 1) * (numeric ? one - other : one.localeCompare(other));
    });
    body.append(...rows);
    heads.forEach((head) => head.removeAttribute("aria-sort"));
    heads[place].setAttribute("aria-sort", down ? "descending" : "ascending");
  }

  heads.forEach((head, place) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "sorts";
    button.append(...head.childNodes);
    button.addEventListener("click", () => sortBy(place));
    head.append(button);
  });

  const box = document.createElement("input");
  box.type = "search";
  box.className = "finds";
  box.placeholder = "only rows with …";
  box.setAttribute("aria-label", "Only rows that hold every word");
  box.addEventListener("input", () => {
    const wanted = box.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const row of body.rows) {
      const text = row.textContent.toLowerCase();
      row.hidden = !wanted.every((word) => text.includes(word));
    }
  });
  table.closest(".scroll").before(box);
}
