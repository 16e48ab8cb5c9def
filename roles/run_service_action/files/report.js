"use strict";
const rows = document.querySelector("tbody");
const headings = [...document.querySelectorAll("thead th")];
const collator = new Intl.Collator(undefined, { numeric: true });
const sortBy = (column) => {
  const heading = headings[column];
  const order = heading.getAttribute("aria-sort") === "ascending" ? "descending" : "ascending";
  headings.forEach((each) => each.setAttribute("aria-sort", each === heading ? order : "none"));
  const sign = order === "ascending" ? 1 : -1;
  const keyOf = (row) => row.cells[column].dataset.key;
  rows.append(...[...rows.rows].sort((one, other) => sign * collator.compare(keyOf(one), keyOf(other))));
};
// Without scripts, the headings are plain text.
headings.forEach((heading, column) => {
  const button = document.createElement("button");
  button.type = "button";
  button.append(...heading.childNodes);
  button.addEventListener("click", () => sortBy(column));
  heading.append(button);
});
document.querySelector("caption [hidden]").hidden = false;
