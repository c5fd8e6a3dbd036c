// Package bucket reads and writes files by path, and by URL wherever Go CDK
// reaches: s3://BUCKET/KEY, gs://BUCKET/KEY, azblob://CONTAINER/KEY and
// file:///PATH. What follows the question mark is for the driver, as in
// ?region=eu-central-1 or ?endpoint=http://localhost:9000&use_path_style=true.
//
//   - [Open] returns an object that is read in parts, as a trace is;
//   - [Read] and [Write] are for whole ones;
//   - a [Folder] is a directory, or what of a bucket begins with a prefix.
//
// What is written appears whole or not at all. Credentials are found as each
// vendor's own tools find them, in the environment, in files or on the
// machine; none are taken from the URL, and messages leave its query out.
// Requests are repeated as the vendor's SDK does; an answer that breaks off is
// asked for again from where it broke off.
//
// Errors wrap fs.ErrNotExist where there is no such object.
package bucket
