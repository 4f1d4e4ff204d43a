import { cpu } from '@ketwork/simulator';
import { engineFixture } from './engine-fixture.ts';

// Up to 14 operations, which amount to some 50 roundings of 6e-8 per amplitude.
engineFixture('cpu in single precision', () => cpu({ precision: 'f32' }), 5e-6, {
  circuits: 600,
  filterGradients: false,
  slotGenerators: false,
});
