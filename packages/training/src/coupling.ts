import type { BuiltLayer } from '@ketwork/nn';

/** Names the innermost layer that couples examples, with its place. */
export function couplingLayer(layer: BuiltLayer, path: string): string {
  const children = layer.children ?? [];
  const at = children.findIndex((child) => child.couplesExamples);
  if (at < 0) return path === '' ? layer.kind : `layer ${path} (${layer.kind})`;
  return couplingLayer(children[at]!, path === '' ? `${at}` : `${path}.${at}`);
}
