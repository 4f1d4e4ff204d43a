/** One merge of a tensor network: two nodes become a new one. */
export interface Merge {
  /** Node on the first wires of the circuit. Nodes 0 to length - 1 are the words, then each merge adds one. */
  readonly left: number;
  /** Node on the other wires. */
  readonly right: number;
  /** Which of the trained circuits merges them. */
  readonly box: number;
}

/** The merges of a network over words, in order; the last one gives the result. */
export function mergesOf(
  shape: 'path' | 'tree',
  sharing: 'uniform' | 'hierarchical',
  length: number,
): readonly Merge[] {
  const merges: Merge[] = [];
  const add = (left: number, right: number, place: number): number =>
    length - 1 + merges.push({ left, right, box: sharing === 'uniform' ? 0 : place });
  if (shape === 'path') {
    let state = 0;
    for (let word = 1; word < length; word++) state = add(state, word, word - 1);
    return merges;
  }
  let nodes = Array.from({ length }, (_, word) => word);
  for (let level = 0; nodes.length > 1; level++) {
    const next: number[] = [];
    for (let i = 0; i + 1 < nodes.length; i += 2) next.push(add(nodes[i]!, nodes[i + 1]!, level));
    if (nodes.length % 2 === 1) next.push(nodes.at(-1)!);
    nodes = next;
  }
  return merges;
}
