module gofino

go 1.26
