export { principalComponents, projectComponents, restoreComponents } from './components.ts';
export type { PrincipalComponents } from './components.ts';
export { cifar10 } from './cifar.ts';
export type { Cifar10Options } from './cifar.ts';
export { colouredShapes } from './coloured-shapes.ts';
export type { ColouredShapesOptions } from './coloured-shapes.ts';
export {
  dataset,
  featureStatistics,
  filterClasses,
  splitDataset,
  standardize,
  subset,
  take,
} from './dataset.ts';
export type { Dataset, DatasetFields, FeatureStatistics } from './dataset.ts';
export { imageGraphs, packGraphs } from './graphs.ts';
export type { Graph, ImageGraphOptions, PackedGraphs } from './graphs.ts';
export { parseIdx, readIdx } from './idx.ts';
export type { IdxArray, IdxData } from './idx.ts';
export { resizeImages } from './images.ts';
export { larTpc } from './lartpc.ts';
export type { LarTpcOptions, Particle } from './lartpc.ts';
export { medicalImages } from './medical.ts';
export type { MedicalImageOptions } from './medical.ts';
export { fashionMnist, mnist } from './mnist.ts';
export type { ImageOptions } from './mnist.ts';
export { AMINO_ACIDS, parseFasta, proteins } from './proteins.ts';
export type { FastaEntry, ProteinOptions } from './proteins.ts';
export { circles, twoMoons } from './points.ts';
export { tthEvents } from './tth.ts';
export type { TthOptions } from './tth.ts';
export type { CircleOptions, PointOptions } from './points.ts';
export { featureRanges, rescale } from './ranges.ts';
export type { FeatureRanges, RescaleOptions } from './ranges.ts';
export {
  besselJ2,
  dampedOscillator,
  delayedQuantumControl,
  linspace,
  narma,
  populationInversion,
  wave,
} from './series.ts';
export type {
  DampedOscillatorOptions,
  DelayedQuantumControlOptions,
  Narma,
  NarmaOptions,
  Oscillation,
  PopulationInversionOptions,
  WaveOptions,
} from './series.ts';
export { minMax, splitInTime, windows } from './series-windows.ts';
export type { MinMaxOptions, SeriesWindows, WindowOptions } from './series-windows.ts';
