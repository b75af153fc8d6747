module pipec.test/lint

go 1.25.7
