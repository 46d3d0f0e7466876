// Makes the children of an element what was made anew, by changing only what differs.

const keys = new WeakMap();

export function setKey(node, key) {
  keys.set(node, String(key));
}

function keyOf(node) {
  return keys.get(node) ?? null;
}

// `made` are nodes without a parent that matters. Nodes with a key become the one that had it before, so a list
// that grows at its top moves none of its rows; the others become what stands in their place.
export function patchChildren(parent, made) {
  const known = new Map();
  for (const child of parent.childNodes) {
    if (keyOf(child) !== null) known.set(keyOf(child), child);
  }
  const wanted = new Set(made.map(keyOf));
  let at = parent.firstChild;
  for (const node of made) {
    at = withoutGone(at, wanted);
    const old = takeOld(known, node, at);
    if (old === null) {
      parent.insertBefore(node, at);
    } else if (old === at) {
      at = at.nextSibling;
      patch(old, node);
    } else {
      parent.insertBefore(old, at);
      patch(old, node);
    }
  }
  while (at !== null) at = removed(at);
}

function removed(node) {
  const next = node.nextSibling;
  node.remove();
  return next;
}

// The first from here on that is not a keyed node whose key is no longer wanted.
function withoutGone(at, wanted) {
  while (at !== null && keyOf(at) !== null && !wanted.has(keyOf(at))) at = removed(at);
  return at;
}

// What was there for `node`: each keyed node is taken once.
function takeOld(known, node, at) {
  const key = keyOf(node);
  if (key === null) return at !== null && keyOf(at) === null && isAlike(at, node) ? at : null;
  const old = known.get(key) ?? null;
  known.delete(key);
  return old !== null && isAlike(old, node) ? old : null;
}

function isAlike(old, node) {
  return old.nodeType === node.nodeType && old.nodeName === node.nodeName;
}

function patch(old, node) {
  if (old === node) return;
  if (old.nodeType !== Node.ELEMENT_NODE) {
    if (old.data !== node.data) old.data = node.data;
    return;
  }
  patchAttributes(old, node);
  setKey(old, keyOf(node) ?? "");
  if (keyOf(node) === null) keys.delete(old);
  patchChildren(old, [...node.childNodes]);
}

function patchAttributes(old, node) {
  for (const {name} of [...old.attributes]) {
    // What somebody has opened stays open.
    if (!node.hasAttribute(name) && name !== "open") old.removeAttribute(name);
  }
  for (const {name, value} of node.attributes) {
    if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
}
