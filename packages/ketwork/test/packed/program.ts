export async function program(): Promise<Record<string, unknown>> {
  const k = await import('ketwork');
  return { names: Object.keys(k).length };
}
