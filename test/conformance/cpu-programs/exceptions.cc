// C++: exceptions through frames with destructors, virtual calls, containers, streams.
#include <algorithm>
#include <iomanip>
#include <iostream>
#include <map>
#include <memory>
#include <numeric>
#include <sstream>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <vector>

struct Shape {
  virtual ~Shape() = default;
  virtual double area() const = 0;
};
struct Circle : Shape {
  double radius;
  explicit Circle(double r) : radius(r) {}
  double area() const override { return 3.14159265358979 * radius * radius; }
};
struct Square : Shape {
  double side;
  explicit Square(double s) : side(s) {}
  double area() const override { return side * side; }
};
struct Trace {
  std::string name;
  ~Trace() { std::cout << "leaving " << name << "\n"; }
};

static int descend(int depth) {
  Trace trace{"level " + std::to_string(depth)};
  if (depth == 0) throw std::runtime_error("at the bottom");
  try {
    return descend(depth - 1) + 1;
  } catch (const std::logic_error &) {
    return -1;
  }
}

int main() {
  try {
    descend(5);
  } catch (const std::exception &error) {
    std::cout << "caught " << error.what() << "\n";
  }
  try {
    std::vector<int>(3).at(7);
  } catch (const std::out_of_range &error) {
    std::cout << error.what() << "\n";
  }
  std::vector<std::unique_ptr<Shape>> shapes;
  for (int i = 1; i < 6; i++) {
    if (i % 2) shapes.push_back(std::make_unique<Circle>(i));
    else shapes.push_back(std::make_unique<Square>(i * 1.5));
  }
  for (const auto &shape : shapes) std::cout << std::setprecision(10) << shape->area() << " ";
  std::cout << "\n";
  std::map<std::string, int> words;
  std::istringstream text("the quick brown fox jumps over the lazy dog and the end");
  for (std::string word; text >> word;) words[word]++;
  for (const auto &[word, count] : words) std::cout << word << "=" << count << " ";
  std::cout << "\n";
  std::unordered_map<int, std::string> table;
  for (int i = 0; i < 1000; i++) table[i * 7919 % 1009] = std::to_string(i);
  std::vector<int> numbers(10000);
  std::iota(numbers.begin(), numbers.end(), 0);
  std::reverse(numbers.begin(), numbers.end());
  std::stable_sort(numbers.begin(), numbers.end(), [](int a, int b) { return a % 100 < b % 100; });
  std::cout << table.size() << " " << table[500] << " " << numbers[5000] << " " << std::hex << 255 << " " << std::boolalpha << true << "\n";
  return dynamic_cast<Circle *>(shapes[0].get()) != nullptr ? 5 : 6;
}
