// Makes elements. What a report says only ever becomes a text node or an attribute, never markup.
'use strict';

const SVG = 'http://www.w3.org/2000/svg';

/** An HTML element; attributes that begin with `on` are listeners, and null children are left out. */
function el(name, attributes, ...children) {
  return fill(document.createElement(name), attributes, children);
}

/** The same for SVG. */
function svg(name, attributes, ...children) {
  return fill(document.createElementNS(SVG, name), attributes, children);
}

function fill(element, attributes, children) {
  for (const [key, value] of Object.entries(attributes ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith('on')) element.addEventListener(key.slice(2), value);
    else element.setAttribute(key, value === true ? '' : value);
  }
  const isThere = (child) => child !== null && child !== undefined && child !== false && child !== '';
  element.append(...children.flat(Infinity).filter(isThere));
  return element;
}

let lastId = 0;

/** An id that no other element of the page has. */
function freshId(prefix) {
  lastId += 1;
  return `${prefix}-${lastId}`;
}

/** Tells a screen reader. */
function say(text) {
  document.getElementById('said').textContent = text;
}

function readJson(id) {
  const element = document.getElementById(id);
  return element ? JSON.parse(element.textContent) : null;
}

const isNumber = (value) => typeof value === 'number' && Number.isFinite(value);
const list = (value) => (Array.isArray(value) ? value : []);
const pairs = (value) => Object.entries(value ?? {});
