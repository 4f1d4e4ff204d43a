/** Variable names and their values in the light and the dark set. */
const COLOURS: readonly (readonly [name: string, light: string, dark: string])[] = [
  ['paper', '#ffffff', '#14181f'],
  ['ink', '#1f2733', '#e6eaf0'],
  ['muted', '#5f6b7a', '#9aa6b5'],
  ['wire', '#8a95a3', '#6f7b8a'],
  ['fixed-fill', '#eef1f5', '#262d38'],
  ['fixed-edge', '#7b8796', '#8b97a7'],
  ['input-fill', '#dff3ef', '#12383a'],
  ['input-edge', '#1b8a7a', '#4cc2ae'],
  ['weight-fill', '#e6e9fb', '#272c55'],
  ['weight-edge', '#4f5bc4', '#8f9bf5'],
  ['prepare-fill', '#f0f4e3', '#2d351c'],
  ['prepare-edge', '#6f8a2a', '#a9c65e'],
  ['noise-fill', '#fbe7e4', '#43231f'],
  ['noise-edge', '#c2503f', '#ef8a79'],
  ['measure-fill', '#ffffff', '#14181f'],
  ['measure-edge', '#1f2733', '#e6eaf0'],
  ['classical-fill', '#fbf3dc', '#3b3218'],
  ['classical-edge', '#a57a12', '#dcb552'],
];

const ROOT = '.ketwork-circuit';

function variables(set: 'light' | 'dark'): string {
  return COLOURS.map(
    ([name, light, dark]) => `--kw-${name}:${set === 'light' ? light : dark}`,
  ).join(';');
}

/** A declaration with a plain value first, for renderers without CSS variables. */
function colour(property: string, name: string, set: 'light' | 'dark'): string {
  const row = COLOURS.find((candidate) => candidate[0] === name)!;
  return `${property}:${set === 'light' ? row[1] : row[2]};${property}:var(--kw-${name})`;
}

/** The style sheet of a drawing; every rule is confined to drawings, so that it may stand in a page. */
export function styleText(theme: 'auto' | 'light' | 'dark'): string {
  const set = theme === 'dark' ? 'dark' : 'light';
  const paint = (property: string, name: string): string => colour(property, name, set);
  const rules: (readonly [selector: string, declarations: string])[] = [
    ['.paper', paint('fill', 'paper')],
    ['text', `${paint('fill', 'ink')};text-anchor:middle`],
    ['.label', 'font-size:14px;text-anchor:end'],
    ['.name', 'font-size:14px'],
    ['.angle', 'font-size:10.5px'],
    ['.pin,.bit', `font-size:10.5px;${paint('fill', 'muted')}`],
    ['.wire', `${paint('stroke', 'wire')};stroke-width:1.2`],
    ['.passing', `${paint('stroke', 'wire')};stroke-width:1.2;stroke-opacity:.35`],
    ['.fold', `${paint('stroke', 'wire')};stroke-width:1.2;stroke-dasharray:2 4`],
    ['.double', `${paint('stroke', 'muted')};stroke-width:1.2`],
    [
      '.link,.cross,.dial',
      `${paint('stroke', 'ink')};stroke-width:1.6;stroke-linecap:round;fill:none`,
    ],
    ['.dot,.arrow', paint('fill', 'ink')],
    ['.arrow', paint('fill', 'muted')],
    ['.open', `${paint('fill', 'paper')};${paint('stroke', 'ink')};stroke-width:1.6`],
    ['.not', `${paint('fill', 'paper')};${paint('stroke', 'ink')};stroke-width:1.6`],
    ['.plus', `${paint('stroke', 'ink')};stroke-width:1.6`],
    ['.fence', `${paint('fill', 'muted')};fill-opacity:.3`],
    ['.box', 'stroke-width:1.4'],
  ];
  for (const tone of ['fixed', 'input', 'weight', 'prepare', 'noise', 'measure', 'classical']) {
    rules.push([
      `.box.${tone}`,
      `${paint('fill', `${tone}-fill`)};${paint('stroke', `${tone}-edge`)}`,
    ]);
  }
  const scoped = rules.map(([selectors, declarations]) => {
    const list = selectors.split(',').map((selector) => `${ROOT} ${selector}`);
    return `${list.join(',')}{${declarations}}`;
  });
  // :where() has no weight, so that a page's own `.ketwork-circuit { --kw-ink: … }` wins.
  // The theme is part of the selector: drawings of different themes may share a page.
  const root = `:where(${ROOT}.${theme}){${variables(set)}}`;
  const dark = `@media (prefers-color-scheme:dark){:where(${ROOT}.auto){${variables('dark')}}}`;
  return [
    `${ROOT}{font-family:ui-sans-serif,system-ui,'Segoe UI','Helvetica Neue',Arial,sans-serif}`,
    root,
    ...(theme === 'auto' ? [dark] : []),
    ...scoped,
  ].join('\n');
}
