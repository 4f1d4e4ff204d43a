/** What engines in other packages share with the CPU engine. Not for users: names may change with any version. */
export { AngleTable, CHUNK, PIECE } from './cpu/angles.ts';
export { BatchCotangents } from './cpu/cotangents.ts';
export type { Coefficient, Element } from './cpu/element.ts';
export { explainShots } from './cpu/explain.ts';
export { GradientSink } from './cpu/gradient-sink.ts';
export { groupElements } from './cpu/group.ts';
export type { Group } from './cpu/group.ts';
export { HermitianGradients } from './cpu/hermitian-gradient.ts';
export { lower } from './cpu/lower.ts';
export type { Lowered } from './cpu/lower.ts';
export { outcomeOrder, planReadout } from './cpu/readout.ts';
export type { HermitianSource, Readout, ReadoutStep, ResultPlan } from './cpu/readout.ts';
export { basisIndices, Preparation, preparationGradients } from './cpu/staging.ts';
export { refuseFilter, refuseShots } from './adjoint.ts';
export { outWithShots } from './calls.ts';
export { isSampled } from './compile.ts';
export { withRemoteShots } from './shots.ts';
export type { RunWithRemoteShots } from './shots.ts';
