// Package binlog reads a server's binlog as row images and applies row images.
package binlog
