// Drawings and charts of the library are SVG texts with a style sheet inside. The page's policy allows no inline styles,
// so these become style sheets of the document, once each, and properties of the elements.

const sheets = new Map<string, CSSStyleSheet>();

/** The elements of an SVG text of the library, to be put into the page. */
export function drawing(text: string): SVGSVGElement {
  // The policy already counts while the text is parsed. Texts inside escape their quotes and brackets.
  const inert = text
    .replaceAll(' style="', ' data-style="')
    .replaceAll(/<(\/?)style>/g, '<$1metadata>');
  const parsed = new DOMParser().parseFromString(inert, 'image/svg+xml');
  const root = document.importNode(parsed.documentElement, true) as unknown as SVGSVGElement;
  for (const element of root.querySelectorAll('metadata')) {
    adopt(element.textContent);
    element.remove();
  }
  for (const element of root.querySelectorAll<SVGElement>('[data-style]')) {
    for (const declaration of element.dataset['style']!.split(';')) {
      const [name, value] = declaration.split(':');
      if (name !== undefined && value !== undefined) {
        element.style.setProperty(name.trim(), value.trim());
      }
    }
    delete element.dataset['style'];
  }
  return root;
}

function adopt(css: string): void {
  if (sheets.has(css)) return;
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  sheets.set(css, sheet);
  document.adoptedStyleSheets.push(sheet);
}

/** Width for a chart that fills an element of a view, in pixels: drawn at this size, texts are as large as elsewhere. */
export function widthOf(view: Element, selector: string): number {
  return Math.max(280, view.querySelector(selector)?.clientWidth ?? 0);
}

/** Hands a file to the reader. */
export function download(name: string, type: string, content: string): void {
  const url = URL.createObjectURL(new Blob([content], { type }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
