export * from './types.ts';
export { gate, gates } from './gates/table.ts';
export type { Gate, GateParameter, PauliFrame, PauliFrameRule } from './gates/gate.ts';
export { primitiveFrequencies, primitives } from './gates/primitives.ts';
export type { Primitive } from './gates/gate.ts';
