// read_parquet.mjs FILE - reads a Parquet file with hyparquet and prints it: one line of JSON for what the footer says,
// then one for each row. Integers of 64 bits and nanoseconds are texts, NULL is null, NaN and the infinities are texts.
// ACQ_NODE_MODULES names the folder of hyparquet and hyparquet-compressors.
import { createRequire } from 'node:module'
import { once } from 'node:events'
import { pathToFileURL } from 'node:url'

const require = createRequire(process.env.ACQ_NODE_MODULES + '/')
const load = name => import(pathToFileURL(require.resolve(name)).href)
const { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects, parquetSchema } = await load('hyparquet')
const { compressors } = await load('hyparquet-compressors')

const file = await asyncBufferFromFile(process.argv[2])
const metadata = await parquetMetadataAsync(file)
const parsers = { timestampFromNanoseconds: nanos => nanos }

function plain(_, value) {
  if (typeof value === 'bigint') return value.toString()
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value)
  return value === undefined ? null : value
}

async function print(object) {
  if (!process.stdout.write(JSON.stringify(object, plain) + '\n')) await once(process.stdout, 'drain')
}

await print({
  rows: Number(metadata.num_rows),
  groups: metadata.row_groups.length,
  columns: parquetSchema(metadata).children.map(({ element: e }) =>
    [e.name, e.type, e.logical_type?.type ?? e.converted_type ?? null]),
  codecs: [...new Set(metadata.row_groups.flatMap(g => g.columns.map(c => c.meta_data.codec)))],
  encodings: [...new Set(metadata.row_groups.flatMap(g => g.columns.flatMap(c => c.meta_data.encodings)))],
  about: Object.fromEntries(metadata.key_value_metadata.map(({ key, value }) => [key, value])),
})
for (let from = 0; from < Number(metadata.num_rows); from += 5000) {
  const rows = await parquetReadObjects({ file, metadata, compressors, parsers, rowStart: from, rowEnd: from + 5000 })
  for (const row of rows) await print(row)
}
