/** Gives the reader a file; nothing leaves the machine. */
export function saveBlob(name: string, blob: Blob) {
  const url = URL.createObjectURL(blob);
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}

export function saveJson(name: string, value: unknown) {
  saveBlob(name, new Blob([JSON.stringify(value, null, 2)], { type: "application/json" }));
}
