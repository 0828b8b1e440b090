// What the paths of the server begin with.

/** The path that all calls begin with. */
export const API_PATH = '/api/v0/'

/** Where Kubo has its metrics. */
export const METRICS_PATH = '/debug/metrics/prometheus'
