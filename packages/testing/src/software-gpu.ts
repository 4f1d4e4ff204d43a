/** Where Chromium's packages keep the description of their Vulkan driver, which computes on the CPU. */
const DRIVERS = [
  '/usr/lib/chromium/vk_swiftshader_icd.json',
  '/usr/lib64/chromium-browser/vk_swiftshader_icd.json',
  '/opt/google/chrome/vk_swiftshader_icd.json',
];

/**
 * Lets WebGPU find a software adapter, where Node runs and Chromium is installed, unless a driver is named already. To be
 * called before the first adapter is asked for, which is when the Vulkan loader reads the variable.
 */
export function useSoftwareGpu(): void {
  const driver = DRIVERS.find((path) => process.getBuiltinModule('node:fs').existsSync(path));
  if (driver !== undefined) process.env['VK_ICD_FILENAMES'] ??= driver;
}
