// Elements from data. Text is only ever set as text, so that nothing in a host name or a log line
// can become markup.

// el("td", {class: "number"}, "12", el("b", {}, "!")): children may be strings, nodes, null, or
// lists of them. Attributes that are functions listen ("onclick"), null ones are left out.
export function el(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  setAttributes(element, attributes);
  append(element, children);
  return element;
}

export function svg(name, attributes = {}, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  setAttributes(element, attributes);
  append(element, children);
  return element;
}

// Puts children, as el() takes them, in place of what an element held.
export function fill(element, ...children) {
  element.replaceChildren();
  append(element, children);
}

function setAttributes(element, attributes) {
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") element.addEventListener(key.slice(2), value);
    else element.setAttribute(key, value === true ? "" : String(value));
  }
}

function append(element, children) {
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    element.append(child instanceof Node ? child : document.createTextNode(String(child)));
  }
}

// A table: columns are {title, class, cell(row)}.
export function table(caption, columns, rows, none = "nothing to show") {
  if (rows.length === 0) return el("p", {class: "quiet"}, none);
  return el("div", {class: "scroll", tabindex: "0", role: "region", "aria-label": caption},
    el("table", {},
      el("caption", {class: "hidden"}, caption),
      el("thead", {}, el("tr", {}, columns.map((c) => el("th", {scope: "col", class: c.class}, c.title)))),
      el("tbody", {}, rows.map((row) =>
        el("tr", {}, columns.map((c) => el("td", {class: c.class}, c.cell(row))))))));
}
