export { cutCircuit } from './cut.ts';
export type { AsyncCutProgram, CutOptions, CutProgram } from './cut.ts';
export { cuttingEngine } from './engine.ts';
export type { CuttingEngineOptions } from './engine.ts';
export type { Cut, GateCut, WireCut } from './cuts.ts';
export { findCuts } from './find-cuts.ts';
export type { FindCutsOptions, FoundCuts } from './find-cuts.ts';
export type { CutSummary } from './program.ts';
