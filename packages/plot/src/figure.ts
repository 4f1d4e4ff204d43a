import { ValueError } from '@ketwork/base';
import { drawSvg } from '@ketwork/circuit';
import type { Circuit } from '@ketwork/circuit';

/** A drawing in a {@link report}. */
export interface Figure {
  /** The drawing: one `<svg>` element without scripts and without anything from outside. */
  readonly svg: string;
  /** Sentence under the drawing. */
  readonly caption?: string;
  /** Take the whole width of the page. Default: figures that follow one another share the width. */
  readonly wide?: boolean;
}

const TAG = /<(?![/!?])([^\s/>]+)((?:"[^"]*"|'[^']*'|[^"'>])*)>/g;
const ATTRIBUTE = /([^\s=/"']+)\s*=\s*("[^"]*"|'[^']*'|[^\s"'>]+)/g;
const FOREIGN_ELEMENT = /^(?:script|foreignObject|iframe|object|embed|link)$/i;
const INSIDE = /^\s*(?:data:image\/|#)/i;
const OUTSIDE_STYLE = /@import|url\(\s*["']?(?!\s*["']?(?:data:image\/|#))/i;

/** What an SVG may not hold in a report that is safe to open and needs no network; undefined where there is nothing. */
function foreign(svg: string): string | undefined {
  if (/<!(?:DOCTYPE|ENTITY)/i.test(svg)) return 'a document type';
  for (const [, name, attributes] of svg.matchAll(TAG)) {
    if (FOREIGN_ELEMENT.test(name!)) return `the element <${name}>`;
    for (const [, attribute, quoted] of attributes!.matchAll(ATTRIBUTE)) {
      const value = quoted!.replace(/^["']|["']$/g, '');
      if (/^on/i.test(attribute!)) return `the event handler ${attribute}`;
      if (/(?:^|:)(?:href|src)$/i.test(attribute!) && !INSIDE.test(value))
        return `a link to ${value}`;
      if (OUTSIDE_STYLE.test(value) && !/^(?:aria-|data-)/.test(attribute!))
        return `an outside style ${value}`;
    }
  }
  for (const [, style] of svg.matchAll(/<style[^>]*>([^<]*)/gi)) {
    if (OUTSIDE_STYLE.test(style!)) return 'a style sheet that loads something';
  }
  return undefined;
}

/**
 * The `<svg>` element of a text, without an XML declaration before it.
 *
 * @throws ValueError where the text is not one SVG element or holds scripts or outside links.
 */
export function checkedSvg(svg: string, where: string): string {
  const text = svg.replace(/^\ufeff?\s*(?:<\?xml[^>]*\?>)?\s*/, '').trimEnd();
  if (!/^<svg[\s>]/.test(text) || !text.endsWith('</svg>')) {
    throw new ValueError(`${where}: the drawing is not one <svg> element`, {
      remedy: 'Give the text of a chart of this package, of drawSvg, or of a .svg file',
    });
  }
  const found = foreign(text);
  if (found !== undefined) {
    throw new ValueError(`${where}: the drawing holds ${found}`, {
      remedy: 'Remove it: reports run no scripts and load nothing',
    });
  }
  return text;
}

/**
 * A circuit as a figure of a {@link report}, over the whole width.
 *
 * @param circuit The circuit, or its drawing as SVG text.
 * @param caption Sentence under the drawing.
 * @throws ValueError where the text is not one `<svg>` element or holds scripts or outside links.
 * @example
 * ```ts
 * import { circuit } from '@ketwork/circuit';
 * import { circuitFigure, report } from '@ketwork/plot';
 * const bell = circuit(2, (q) => { q.h(0); q.cnot(0, 1); });
 * const figure = circuitFigure(bell, 'Makes a Bell state.');
 * console.log(report({ title: 'Bell', sections: [{ title: 'Circuit', blocks: [figure] }] }).length);
 * ```
 */
export function circuitFigure(circuit: Circuit | string, caption?: string): Figure {
  const svg = checkedSvg(
    typeof circuit === 'string' ? circuit : drawSvg(circuit),
    'circuit figure',
  );
  return caption === undefined ? { svg, wide: true } : { svg, caption, wide: true };
}
