// Numbers and times in words.

export function number(value, digits = 1) {
  if (value === null || value === undefined) return "–";
  const rounded = Number.isInteger(value) ? value : Number(value.toFixed(Math.abs(value) >= 100 ? 0 : digits));
  return rounded.toLocaleString("en");
}

export function seconds(value) {
  if (value === null || value === undefined) return "–";
  if (value < 120) return `${number(value)} s`;
  if (value < 7200) return `${number(value / 60)} min`;
  if (value < 172800) return `${number(value / 3600)} h`;
  return `${number(value / 86400)} d`;
}

export function ago(time, now = Date.now()) {
  if (!time) return "never";
  return `${seconds(Math.max(0, Math.round((now - Date.parse(time)) / 1000)))} ago`;
}

export function bytes(value) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let at = 0;
  while (value >= 1024 && at < units.length - 1) { value /= 1024; at += 1; }
  return `${number(value)} ${units[at]}`;
}

export function count(value, one, many = `${one}s`) {
  return `${number(value)} ${value === 1 ? one : many}`;
}

// The middle of a list of numbers; null of none.
export function median(values) {
  const sorted = values.filter((v) => v !== null).sort((a, b) => a - b);
  return sorted.length === 0 ? null : sorted[Math.floor(sorted.length / 2)];
}

// What stands in the URL for a name of a host or cluster, and back.
export const inUrl = encodeURIComponent;
export const fromUrl = decodeURIComponent;
