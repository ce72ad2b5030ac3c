// elements.js - makes and finds elements. Texts are set through textContent only.

export function make(tag, className, text) {
  const element = document.createElement(tag);
  if (className) {
    element.className = className;
  }
  if (text !== undefined) {
    element.textContent = text;
  }
  return element;
}

/** Returns a function that finds the element within root whose attribute data-part is this name. */
export const partsOf = (root) => (name) => root.querySelector(`[data-part="${name}"]`);
