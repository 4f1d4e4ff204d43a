export type {
  AsyncKernel,
  AsyncKernelCall,
  Kernel,
  KernelCall,
  KernelInfo,
  KernelJSON,
} from './contract.ts';
export type { MemoryOptions } from './kernel.ts';
export {
  amplitudeFeatureMap,
  angleFeatureMap,
  iqpFeatureMap,
  pairMeanFeatureMap,
  trainableFeatureMap,
  zzFeatureMap,
} from './feature-maps.ts';
export type {
  AngleFeatureMapOptions,
  FeatureMapOptions,
  PairFeatureMapOptions,
  PairPattern,
  TrainableFeatureMapOptions,
} from './feature-maps.ts';
export { fidelityKernel } from './fidelity.ts';
export type { FidelityKernelOptions } from './fidelity.ts';
export { projectedKernel, rbfKernel } from './projected.ts';
export type { ProjectedKernelOptions, RbfKernelOptions } from './projected.ts';
export { alignmentGradient, targetAlignment } from './alignment.ts';
export type { AlignmentOptions } from './alignment.ts';
export { alignKernel } from './train.ts';
export type { AlignedKernel, AlignKernelOptions } from './train.ts';
export { mitigateDepolarizing, repairKernel } from './repair.ts';
export type { MitigateDepolarizingOptions, RepairOptions } from './repair.ts';
export { kernelStatistics } from './statistics.ts';
export type { KernelStatistics } from './statistics.ts';
export { svm } from './svm.ts';
export type { KernelRows, SupportVectorMachine, SvmOptions } from './svm.ts';
export { selectC } from './select.ts';
export type { SelectCOptions, SelectedC } from './select.ts';
export { gaussianProcess, kernelRidge } from './regression.ts';
export type {
  GaussianProcess,
  GaussianProcessOptions,
  KernelRidge,
  KernelRidgeOptions,
} from './regression.ts';
export { nystrom } from './nystrom.ts';
export type { Nystrom, NystromOptions } from './nystrom.ts';
export { kernelFromJSON } from './json.ts';
export { kernelTiles, openKernelTiles } from './tiles/kernel-tiles.ts';
export type { KernelTilesOptions, TileProgress } from './tiles/kernel-tiles.ts';
export type { TileStorage } from './tiles/layout.ts';
export type { KernelTile, TiledKernel } from './tiles/tiled-kernel.ts';
export { kernelProduct, tiledKernelRidge } from './tiles/ridge.ts';
export type {
  KernelProductOptions,
  TiledKernelRidge,
  TiledKernelRidgeOptions,
} from './tiles/ridge.ts';
export { sampleKernel } from './shots.ts';
export type { SampleKernelOptions } from './shots.ts';
