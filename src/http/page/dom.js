// Elements from data. Text is only ever set as text, so that nothing in a host name or a log line
// can become markup.
import {patchChildren, setKey} from "./patch.js";

// el("td", {class: "number"}, "12", el("b", {}, "!")): children may be strings, nodes, null, or
// lists of them. Attributes that are functions listen ("onclick"), null ones are left out. `key` tells
// it from its neighbours when fill() looks for what it was before.
export function el(name, {key = null, ...attributes} = {}, ...children) {
  const element = document.createElement(name);
  if (key !== null) setKey(element, key);
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

// Makes an element hold these children, as el() takes them. What it held and still holds is left alone,
// so that focus, selected text and scrolling outlive the page's asking again.
export function fill(element, ...children) {
  const made = document.createDocumentFragment();
  append(made, children);
  patchChildren(element, [...made.childNodes]);
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

// A table: columns are {title, class, cell(row)}; `key(row)` names a row. On a narrow screen each row is
// a block, and every cell says its title.
export function table(caption, columns, rows, {none = "nothing to show", key = () => null} = {}) {
  if (rows.length === 0) return el("p", {class: "quiet"}, none);
  return el("div", {class: "scroll", tabindex: "0", role: "region", "aria-label": caption},
    el("table", {},
      el("caption", {class: "hidden"}, caption),
      el("thead", {}, el("tr", {}, columns.map((c) => el("th", {scope: "col", class: c.class}, c.title)))),
      el("tbody", {}, rows.map((row) => el("tr", {key: key(row)},
        columns.map((c) => el("td", {class: c.class, "data-title": c.title}, together(c.cell(row)))))))));
}

// Of several parts one, which a narrow screen puts beside the title.
function together(parts) {
  return Array.isArray(parts) ? el("div", {class: "cell"}, parts) : parts;
}
