// The MinIO server as a program of its own. MinIO no longer publishes binaries, and `go install` cannot pin what it
// builds from; this module can: go.sum holds the hash of MinIO and of everything below it.
package main

import (
	"os"

	minio "github.com/minio/minio/cmd"
)

func main() { minio.Main(os.Args) }
