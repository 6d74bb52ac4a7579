module github.com/sparkward/sparkward

go 1.26
