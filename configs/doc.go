// Package configs is the configuration: berth.yaml, the file that users copy,
// and what reads it.
//
//	path, err := configs.Find("")       // $BERTH_CONFIG, ./berth.yaml, /etc/berth/berth.yaml
//	cfg, err := configs.Load(path)
//	store, err := cfg.OpenStore(ctx)
//	r, err := router.Open(ctx, cfg.Router(store, cfg.Logger(os.Stderr)))
//
// # Caveats
//
// The file is read once. What is replaced while a process runs are the files
// that it names: passwords, tokens, certificates.
package configs
