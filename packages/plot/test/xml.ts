/** Throws where a text is not well-formed XML: tags that do not match, unquoted attributes, bare `<` or `&`. */
export function assertWellFormed(text: string): void {
  const body = text.replace(/^<!DOCTYPE html>\s*/, '');
  const open: string[] = [];
  const token =
    /<(\/?)([A-Za-z][\w:-]*)((?:\s+[\w:-]+="(?:[^"<&]|&(?:amp|lt|gt|quot|#39);)*")*)\s*(\/?)>|((?:[^<&]|&(?:amp|lt|gt|quot|#39);)+)/y;
  let position = 0;
  let roots = 0;
  while (position < body.length) {
    token.lastIndex = position;
    const match = token.exec(body);
    if (match === null)
      throw new Error(`not well-formed at ${position}: ${body.slice(position, position + 60)}`);
    position = token.lastIndex;
    const [, closing, name, attributes, empty, between] = match;
    if (name === undefined) {
      if (open.length === 0 && between!.trim() !== '')
        throw new Error(`text outside the root: ${between}`);
      continue;
    }
    const names = [...attributes!.matchAll(/([\w:-]+)="/g)].map(([, attribute]) => attribute);
    if (new Set(names).size !== names.length)
      throw new Error(`repeated attribute in <${name}${attributes}>`);
    if (closing === '/') {
      if (open.pop() !== name) throw new Error(`</${name}> at ${position} closes another element`);
    } else {
      if (open.length === 0) roots++;
      if (empty !== '/') open.push(name);
    }
  }
  if (open.length > 0 || roots !== 1)
    throw new Error(`open elements ${open.join(' ')}, ${roots} roots`);
}
